// Makes elements. Text goes in as text, never as markup: names, labels and errors come from anywhere.

const SVG = "http://www.w3.org/2000/svg";

/** Return an element with attributes and children: elements, or whatever is to be read as text. */
export function el(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

/** Return an element of a picture. */
export function svg(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== false) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

export const byId = (id) => document.getElementById(id);

/** Let an element have these children; one that has them already is left as it is, selected text and all. */
export function put(element, ...children) {
  const wanted = el("div", {}, ...children); // el leaves out what is null
  const shown = el("div");
  shown.append(...[...element.childNodes].map((node) => node.cloneNode(true)));
  if (!shown.isEqualNode(wanted)) element.replaceChildren(...wanted.childNodes);
}

/** Show a text in an element, or hide the element where there is none. */
export function say(element, text) {
  element.hidden = !text;
  if (element.textContent !== (text ?? "")) element.textContent = text ?? "";
}

/** Fill a table; a column is [heading, of(row), class], and the first one names the row. */
export function fill(table, columns, rows, caption) {
  const head = columns.map(([heading, , kind]) => el("th", { scope: "col", class: kind ?? null }, heading));
  const body = rows.map((row) =>
    el("tr", { class: row.className ?? null }, ...columns.map(([, of, kind], place) =>
      place === 0
        ? el("th", { scope: "row" }, of(row))
        : el("td", { class: kind ?? null }, of(row)))));
  put(table, el("caption", {}, caption), el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...body));
}
