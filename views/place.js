// Where the device is: asked once, on a press, and handed to the page; nothing else leaves the browser.
export default function ({ parentElement, data, setStateValue }) {
  const button = parentElement.querySelector("button");
  const said = parentElement.querySelector("span");
  button.textContent = data.ask;
  said.textContent = data.known ?? "";
  button.onclick = () => {
    if (!navigator.geolocation) { said.textContent = data.none; return; }
    said.textContent = data.waiting;
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => setStateValue("place", [coords.longitude, coords.latitude, coords.accuracy]),
      () => { said.textContent = data.none; },
      { enableHighAccuracy: true, timeout: 15000, maximumAge: 60000 },
    );
  };
}
