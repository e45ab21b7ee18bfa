// Elements without innerHTML: what comes from outside is only ever text.

const SVG = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "className") node.setAttribute("class", value);
    else if (name === "value") node.value = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** An HTML element; attributes that begin with "on" are listeners. */
export const h = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);

/** An SVG element. */
export const s = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

const KEPT = ".scroll, pre, details";

/** The way down to an element, as positions among siblings. */
function way(container, element) {
  const steps = [];
  for (let at = element; at && at !== container; at = at.parentElement) {
    if (!at.parentElement) return null;
    steps.unshift([...at.parentElement.children].indexOf(at));
  }
  return steps.length ? steps : null;
}

/**
 * Replaces the content. What is only newer looks as it did: the focus stays where it was (or on what has the same data-key),
 * tables stay scrolled, and what was opened or closed stays so.
 */
export function show(container, ...children) {
  const active = container.contains(document.activeElement) ? document.activeElement : null;
  const steps = active && way(container, active);
  const kept = [...container.querySelectorAll(KEPT)].map((n) => [n.tagName, n.scrollLeft, n.scrollTop, n.open]);
  container.replaceChildren(...children.flat(3).filter((child) => child));
  const now = [...container.querySelectorAll(KEPT)];
  if (now.length === kept.length && now.every((n, i) => n.tagName === kept[i][0])) {
    now.forEach((n, i) => {
      [, n.scrollLeft, n.scrollTop] = kept[i];
      if (n.tagName === "DETAILS") n.open = kept[i][3];
    });
  }
  if (!active) return;
  const key = active.dataset?.key;
  const same = key
    ? container.querySelector(`[data-key="${CSS.escape(key)}"]`)
    : (steps ?? []).reduce((at, step) => at?.children[step], container);
  if (same && same.tagName === active.tagName) same.focus({ preventScroll: true });
}

/** A table with a caption for screen readers; cells are nodes or texts. */
export function table(caption, heads, rows, empty = "Nothing yet.") {
  if (rows.length === 0) return h("p", { className: "quiet" }, empty);
  return h("div", { className: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    h("table", {},
      h("caption", { className: "hidden" }, caption),
      h("thead", {}, h("tr", {}, heads.map((head) => {
        const { text, figure, title } = typeof head === "string" ? { text: head } : head;
        return h("th", { scope: "col", className: figure ? "figure" : null, title }, text);
      }))),
      h("tbody", {}, rows.map((cells) => h("tr", {}, cells.map((cell, i) => {
        const figure = typeof heads[i] === "object" && heads[i].figure;
        const value = cell === null || cell === undefined ? "–" : cell;
        return i === 0 ? h("th", { scope: "row" }, value) : h("td", { className: figure ? "figure" : null }, value);
      })))),
    ));
}
