"use strict";
const all = (selector, inside = document) => [...inside.querySelectorAll(selector)];

// tables: a click on a title sorts by it, another one turns the order around
for (const table of all("table.sortable")) {
  const heads = all("thead th", table), body = table.tBodies[0];
  const value = (row, column) => {
    const cell = row.cells[column], number = cell.dataset.value;
    if (number !== undefined) return Number(number);
    const text = cell.textContent.trim();
    return text === "" ? null : text;
  };
  heads.forEach((head, column) => {
    const button = head.querySelector("button");
    if (!button) return;
    button.addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") !== "ascending", sign = up ? 1 : -1;
      const rows = [...body.rows].map((row) => [value(row, column), row]);
      rows.sort(([a], [b]) => {
        if (a === null || b === null) return (a === null) - (b === null);
        if (typeof a === "number" && typeof b === "number") return sign * (a - b);
        return sign * String(a).localeCompare(String(b), undefined, { numeric: true });
      });
      body.append(...rows.map(([, row]) => row));
      for (const each of heads) if (each.hasAttribute("aria-sort")) each.setAttribute("aria-sort", "none");
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
    });
  });
}

// movies: frames lie side by side in one picture, which is moved behind a window
const movies = new Map();
for (const movie of all("figure.movie")) {
  const angles = movie.dataset.angles.split(" "), order = movie.dataset.order.split(" ").map(Number);
  const columns = Number(movie.dataset.columns), player = movie.querySelector(".player");
  const slider = movie.querySelector("input[type=range]"), told = movie.querySelector("output");
  const button = movie.querySelector("button.play"), rows = Math.ceil(order.length / columns);
  let timer = null, step = 1;
  const show = () => {
    const place = Number(slider.value), frame = order[place];
    const kind = movie.querySelector("input[type=radio]:checked").value;
    for (const image of all("img", player)) {
      image.hidden = !image.classList.contains(kind);
      const x = -100 * (frame % columns) / columns, y = -100 * Math.floor(frame / columns) / rows;
      image.style.transform = `translate(${x}%, ${y}%)`;
    }
    told.textContent = `${angles[place].replace("-", "\u2212")}\u00b0`;
    slider.setAttribute("aria-valuetext", `${angles[place]} degrees`);
  };
  const stop = () => {
    clearInterval(timer);
    timer = null;
    button.textContent = "Play";
    button.setAttribute("aria-pressed", "false");
  };
  button.addEventListener("click", () => {
    if (timer !== null) return stop();
    button.textContent = "Pause";
    button.setAttribute("aria-pressed", "true");
    timer = setInterval(() => {
      const next = Number(slider.value) + step;
      if (next < 0 || next >= order.length) step = -step;
      slider.value = Number(slider.value) + step;
      show();
    }, 90);
  });
  slider.addEventListener("input", () => { stop(); show(); });
  movie.addEventListener("change", show);
  movies.set(movie.closest(".series"), (view) => {
    stop();
    slider.value = order.indexOf(view);
    show();
    movie.scrollIntoView({ block: "nearest" });
  });
  show();
}

// links between pictures: a bead is the same one everywhere, a view is a frame of the movie
for (const series of all(".series")) {
  let kept = null;
  const light = (bead) => {
    for (const each of all(".is-lit", series)) each.classList.remove("is-lit");
    if (bead !== null) for (const each of all(`[data-bead="${bead}"]`, series)) each.classList.add("is-lit");
  };
  const beadAt = (event) => event.target.closest?.("[data-bead]")?.dataset.bead ?? null;
  series.addEventListener("pointerover", (event) => light(beadAt(event) ?? kept));
  series.addEventListener("click", (event) => {
    const view = event.target.closest("[data-view]");
    if (view) movies.get(series)?.(Number(view.dataset.view));
    const bead = beadAt(event);
    if (bead !== null) { kept = kept === bead ? null : bead; light(kept); }
  });
}

// what lies over pictures can be hidden
for (const box of all("input[data-shows]")) {
  box.addEventListener("change", () => box.closest("figure").classList.toggle("hides", !box.checked));
}
