// A place on the map: while asked, a click says where it was. The toolkit keeps the view of its map
// to itself; it stands in the properties of its own element, from which it is read, never written.
const TILE = 512;

function view(node) {
  for (let at = node; at; at = at.parentElement) {
    const key = Object.keys(at).find((name) => name.startsWith("__reactFiber$"));
    for (let fiber = key && at[key]; fiber; fiber = fiber.return) {
      const found = fiber.memoizedProps?.viewState;
      if (Number.isFinite(found?.longitude) && Number.isFinite(found?.zoom)) return found;
    }
  }
  return null;
}

function place(found, box, event) {
  const world = TILE * 2 ** found.zoom;
  const middle = (found.latitude * Math.PI) / 180;
  const x = ((found.longitude + 180) / 360) * world + event.clientX - (box.left + box.width / 2);
  const y = ((1 - Math.asinh(Math.tan(middle)) / Math.PI) / 2) * world + event.clientY - (box.top + box.height / 2);
  return [(x / world) * 360 - 180, (Math.atan(Math.sinh(Math.PI * (1 - (2 * y) / world))) * 180) / Math.PI];
}

export default function ({ data, setTriggerValue }) {
  const stage = document.querySelector(".st-key-stage");
  if (!stage || !data.on) return undefined;
  stage.classList.add("ga-asking");
  let down = null;
  const press = (event) => { down = [event.clientX, event.clientY]; };
  const click = (event) => {
    const canvas = event.target.closest("#deckgl-wrapper");
    if (!canvas || !down || Math.hypot(event.clientX - down[0], event.clientY - down[1]) > 6) return;
    const found = view(canvas);
    if (found) setTriggerValue("spot", place(found, canvas.getBoundingClientRect(), event));
  };
  stage.addEventListener("pointerdown", press, true);
  stage.addEventListener("click", click, true);
  return () => {
    stage.classList.remove("ga-asking");
    stage.removeEventListener("pointerdown", press, true);
    stage.removeEventListener("click", click, true);
  };
}
