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
    window.removeEventListener("resize", measure);
  };
}
