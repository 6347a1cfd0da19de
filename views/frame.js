// What only the browser can do: the key "/" goes to the search field, the theme is kept
// where Streamlit looks for it, the document says which language it is in, and the size of
// the window is left where the next visit reads it, so that its map is fitted at once.
export default function ({ parentElement, data }) {
  document.documentElement.lang = data.language;
  const measure = () => {
    const size = `${window.innerWidth}x${window.innerHeight}`;
    document.cookie = `${data.cookie}=${size}; path=/; max-age=31536000; samesite=strict`;
  };
  measure();
  window.addEventListener("resize", measure);
  const button = parentElement.querySelector("button");
  button.textContent = data.label;
  button.title = data.hint;
  button.onclick = () => {
    for (const path of data.paths) {
      window.localStorage.setItem(`stActiveTheme-${path}-v2`, JSON.stringify(data.next));
    }
    window.location.reload();
  };
  // The websocket is gone: is it the network, or is the session over?
  const app = document.querySelector("[data-testid=stApp]");
  let asked = 0;
  const onState = async () => {
    const state = app.dataset.testConnectionState;
    if (state === "CONNECTED" || document.getElementById("ga-over")) return;
    const turn = ++asked;
    const answer = await fetch("/_stcore/health", { cache: "no-store" }).catch(() => null);
    if (turn !== asked || !answer || answer.status !== 401) return;
    const here = window.location.pathname + window.location.search;
    const shade = document.createElement("div");
    shade.id = "ga-over";
    shade.setAttribute("role", "alertdialog");
    shade.setAttribute("aria-label", data.over);
    const box = document.createElement("div");
    const said = document.createElement("p");
    said.textContent = data.over;
    const way = document.createElement("a");
    way.textContent = data.wayIn;
    way.href = `/auth/login?why=over&next=${encodeURIComponent(here)}`;
    box.append(said, way);
    shade.append(box);
    document.documentElement.append(shade); // not in the body: the toolkit makes all of it inert below its own dialog
    way.focus();
  };
  const watch = app && new MutationObserver(onState);
  watch?.observe(app, { attributes: true, attributeFilter: ["data-test-connection-state"] });
  const typing = (node) => node instanceof HTMLElement && (node.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(node.tagName));
  const onKey = (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    const field = document.querySelector(".st-key-search input");
    if (!field) return;
    event.preventDefault();
    field.focus();
    field.select();
  };
  document.addEventListener("keydown", onKey);
  return () => {
    document.removeEventListener("keydown", onKey);
    watch?.disconnect();
    window.removeEventListener("resize", measure);
  };
}
