// Beside the map: writes the tooltip from the raw text deck.gl shows (text only, never
// HTML), and keeps the chosen row of the list in sight; in a narrow window what was chosen.
const stage = ".st-key-stage";

function facts(raw, mark) {
  const found = {};
  for (const part of raw.split(mark)) {
    const at = part.indexOf("=");
    const value = part.slice(at + 1);
    const name = part.slice(0, at);
    if (at > 0 && value !== `{${name}}` && value !== "" && value !== "null") found[name] = value;
  }
  return found;
}

function lines(found, data) {
  const shown = [];
  for (const [name, label] of data.lines[found.layerName] ?? []) {
    const raw = name === "rule_label" ? data.rules[found.rule] : found[name];
    const value = data.values?.[name]?.[raw] ?? raw;
    if (value === undefined) continue;
    const called = data.values?.[name]?.[value];
    const written = called !== undefined ? called : /^-?\d+$/.test(value) && name !== "code" ? Number(value).toLocaleString("en-US") : value;
    shown.push([shown.length === 0 && Number.isNaN(Number(value)) ? "" : label, written]);
  }
  return shown;
}

function write(node, data) {
  const raw = node.textContent;
  if (!raw.startsWith(data.mark)) return;
  const rows = lines(facts(raw, data.mark), data).map(([label, value]) => {
    const row = document.createElement("div");
    const strong = document.createElement(label ? "span" : "strong");
    strong.textContent = label ? `${label}  ` : "";
    row.append(strong);
    (label ? row : strong).append(value);
    return row;
  });
  node.replaceChildren(...rows);
  node.classList.toggle("ga-nothing", rows.length === 0);
}

export default function ({ data }) {
  const root = document.querySelector(stage);
  if (!root) return undefined;
  const watch = new MutationObserver(() => {
    for (const node of root.querySelectorAll(".deck-tooltip")) write(node, data);
  });
  watch.observe(root, { childList: true, subtree: true, characterData: true });
  const narrow = window.matchMedia("(max-width: 900px)").matches;
  if (narrow && data.row !== root.dataset.row) {
    document.querySelector(".st-key-detail")?.scrollIntoView({ block: "start" });
  } else if (!narrow && data.row) {
    document.querySelector(`.st-key-${CSS.escape(data.row)}`)?.scrollIntoView({ block: "nearest" });
  }
  root.dataset.row = data.row;
  return () => watch.disconnect();
}
