// A place in the page is its URL: #/page/argument/...?name=value

/** The hash of a place. */
export function href(page, args = [], query = {}) {
  const text = new URLSearchParams(Object.entries(query).filter(([, v]) => v !== null && v !== undefined && v !== "")).toString();
  return `#/${[page, ...args].map((part) => encodeURIComponent(part).replaceAll("%3A", ":")).join("/")}${text ? `?${text}` : ""}`;
}

/** {page, args, query} of a hash. */
export function parse(hash) {
  const [path, query] = hash.replace(/^#\/?/, "").split("?");
  const [page, ...args] = path.split("/").map((part) => {
    try {
      return decodeURIComponent(part);
    } catch {
      return part;
    }
  });
  return { page: page || "graph", args: args.filter((a) => a !== ""), query: Object.fromEntries(new URLSearchParams(query ?? "")) };
}
