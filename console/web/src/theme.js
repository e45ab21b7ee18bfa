// Light or dark as the system says, or as somebody chose for this browser.
const KEY = "millrace.theme";

const stored = () => {
  try {
    return localStorage.getItem(KEY) ?? "auto";
  } catch {
    return "auto";
  }
};

/** Keeps the choice in a select, and calls back when colours have changed. */
export function theme(select, onChange) {
  const apply = (choice) => {
    document.documentElement.dataset.theme = choice;
    onChange();
  };
  select.value = stored();
  document.documentElement.dataset.theme = stored();
  select.addEventListener("change", () => {
    try {
      localStorage.setItem(KEY, select.value);
    } catch {
      // A browser that keeps nothing: it holds until the page is closed.
    }
    apply(select.value);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", onChange);
}
