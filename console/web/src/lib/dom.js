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

/** Replaces the content, and keeps the focus on what has the same data-key as what had it. */
export function show(container, ...children) {
  const key = container.contains(document.activeElement) ? document.activeElement.dataset?.key : null;
  container.replaceChildren(...children.flat(3).filter((child) => child));
  if (key) container.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
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
