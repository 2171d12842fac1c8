"use strict";
// Sorts and filters the tables. Without it they are plain tables, in the order of the report.
(() => {
  const text = (cell) => cell.dataset.value ?? cell.textContent;
  const order = (a, b) => {
    const [x, y] = [Number(a), Number(b)];
    if (a.trim() && b.trim() && !Number.isNaN(x) && !Number.isNaN(y)) return x === y ? 0 : x - y;
    return a.localeCompare(b, "en", { numeric: true });
  };
  const sort = (head, down) => {
    const table = head.closest("table");
    const column = head.cellIndex;
    for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const body = table.tBodies[0];
    const rows = Array.from(body.rows, (row) => [text(row.cells[column]), row]);
    const empty = ([key]) => key === "" || key === "nan";
    rows.sort((a, b) => empty(a) - empty(b) || (down ? order(b[0], a[0]) : order(a[0], b[0])));
    body.append(...rows.map(([, row]) => row));
  };
  for (const head of document.querySelectorAll("table.sortable th")) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const now = head.getAttribute("aria-sort");
      sort(head, now ? now === "ascending" : head.dataset.first === "down");
    });
  }
  const filter = document.getElementById("filter");
  const field = document.getElementById("words");
  const state = document.getElementById("state");
  const shown = document.getElementById("shown");
  const sift = () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    const rows = document.querySelectorAll("#checks tbody tr");
    let count = 0;
    for (const row of rows) {
      const content = row.textContent.toLowerCase();
      const fits = words.every((word) => content.includes(word));
      row.hidden = !fits || (state.value !== "" && row.dataset.state !== state.value);
      count += !row.hidden;
    }
    shown.textContent = `${count} of ${rows.length}`;
  };
  if (filter) {
    filter.hidden = false;
    field.addEventListener("input", sift);
    state.addEventListener("input", sift);
    sift();
  }
  // #check-7 opens that check; #sort=excess or #sort=-excess sorts the list by a column.
  const follow = () => {
    const asked = decodeURIComponent(location.hash.slice(1));
    const sorted = /^sort=(-?)(.*)$/.exec(asked);
    if (sorted) {
      const head = Array.from(document.querySelectorAll("#checks th"))
        .find((one) => one.dataset.name === sorted[2]);
      if (head) sort(head, sorted[1] === "-");
      return;
    }
    const target = asked && document.getElementById(asked);
    if (target && target.tagName === "DETAILS") {
      target.open = true;
      target.scrollIntoView();
    }
  };
  window.addEventListener("hashchange", follow);
  window.addEventListener("beforeprint", () => {
    for (const one of document.querySelectorAll("details.check")) one.open = true;
  });
  follow();
})();
