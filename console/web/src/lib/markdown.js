// The part of Markdown that dashboards use: headings, lists, quotes, code, bold, italic, links. Text in, elements out.
import { h } from "./dom.js";

const INLINE = /(`[^`]+`)|(\*\*[^*]+\*\*)|(__[^_]+__)|(\*[^*\s][^*]*\*)|(\[[^\]]+\]\([^)\s]+\))/;

function inline(text) {
  const out = [];
  let rest = text;
  for (let match = INLINE.exec(rest); match; match = INLINE.exec(rest)) {
    if (match.index > 0) out.push(rest.slice(0, match.index));
    const found = match[0];
    if (match[1]) out.push(["code", {}, [found.slice(1, -1)]]);
    else if (match[2] || match[3]) out.push(["strong", {}, inline(found.slice(2, -2))]);
    else if (match[4]) out.push(["em", {}, inline(found.slice(1, -1))]);
    else out.push(link(found));
    rest = rest.slice(match.index + found.length);
  }
  if (rest) out.push(rest);
  return out;
}

function link(found) {
  const [, label, target] = /^\[([^\]]+)\]\(([^)]+)\)$/.exec(found);
  // Nothing that runs: javascript: and data: stay text.
  return /^(https?:\/\/|#|\/(?!\/))/.test(target) ? ["a", { href: target, rel: "noreferrer noopener" }, inline(label)] : found;
}

/** The text as a tree of [tag, attributes, children]: the part that needs no browser. */
export function parse(text) {
  const out = [];
  const lines = String(text ?? "").replace(/\r/g, "").split("\n");
  for (let i = 0; i < lines.length;) {
    const line = lines[i];
    const take = (test, cut) => {
      const items = [];
      while (i < lines.length && test.test(lines[i])) items.push(lines[i++].replace(cut, ""));
      return items;
    };
    const heading = /^(#{1,6})\s+(.*)$/.exec(line);
    if (!line.trim()) i += 1;
    else if (heading) {
      out.push([`h${Math.min(6, heading[1].length + 2)}`, {}, inline(heading[2])]);
      i += 1;
    } else if (/^```/.test(line)) {
      i += 1;
      const code = [];
      while (i < lines.length && !/^```/.test(lines[i])) code.push(lines[i++]);
      i += 1;
      out.push(["pre", {}, [code.join("\n")]]);
    } else if (/^\s*[-*+]\s+/.test(line)) {
      out.push(["ul", {}, take(/^\s*[-*+]\s+/, /^\s*[-*+]\s+/).map((item) => ["li", {}, inline(item)])]);
    } else if (/^\s*\d+[.)]\s+/.test(line)) {
      out.push(["ol", {}, take(/^\s*\d+[.)]\s+/, /^\s*\d+[.)]\s+/).map((item) => ["li", {}, inline(item)])]);
    } else if (/^>\s?/.test(line)) {
      out.push(["blockquote", {}, inline(take(/^>\s?/, /^>\s?/).join(" "))]);
    } else if (/^(-{3,}|\*{3,})$/.test(line.trim())) {
      out.push(["hr", {}, []]);
      i += 1;
    } else {
      const text = [line];
      for (i += 1; i < lines.length && lines[i].trim() && !/^(#{1,6}\s|```|\s*[-*+]\s|\s*\d+[.)]\s|>)/.test(lines[i]); i += 1) text.push(lines[i]);
      out.push(["p", {}, inline(text.join(" "))]);
    }
  }
  return out;
}

const built = (node) => (typeof node === "string" ? node : h(node[0], node[1], node[2].map(built)));

export const markdown = (text) => h("div", { className: "markdown" }, parse(text).map(built));
