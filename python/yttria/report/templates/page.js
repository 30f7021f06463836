"use strict";
// Enhancements only: everything that the page shows can be read without them.
(function () {
  // A dose under the pointer, or on the slider: the share of each structure's volume that receives it or more.
  for (const chart of document.querySelectorAll("[data-dvh]")) {
    const curves = JSON.parse(chart.querySelector("script[type='application/json']").textContent);
    const svg = chart.querySelector("svg");
    const line = svg.querySelector(".cursor");
    const [left, right] = [Number(svg.dataset.left), Number(svg.dataset.right)];
    const highest = Number(svg.dataset.highest);
    const reading = chart.querySelector(".reading");
    const slider = reading.querySelector("input");
    const output = reading.querySelector("output");
    const cells = chart.querySelectorAll("[data-curve]");
    const at = (curve, dose) => {
      const n = curve.doses.findIndex((value) => value >= dose);
      if (n <= 0) return n === 0 ? curve.percents[0] : curve.percents[curve.percents.length - 1];
      const share = (dose - curve.doses[n - 1]) / (curve.doses[n] - curve.doses[n - 1]);
      return curve.percents[n - 1] + share * (curve.percents[n] - curve.percents[n - 1]);
    };
    const show = (dose) => {
      const x = left + ((right - left) * dose) / highest;
      line.setAttribute("x1", x);
      line.setAttribute("x2", x);
      line.removeAttribute("visibility");
      for (const hidden of chart.querySelectorAll("[data-reading]")) hidden.hidden = false;
      slider.value = dose;
      output.textContent = dose.toPrecision(3) + " Gy";
      cells.forEach((cell) => {
        cell.textContent = at(curves[Number(cell.dataset.curve)], dose).toFixed(1) + " %";
      });
    };
    slider.max = highest;
    slider.step = highest / 500;
    slider.addEventListener("input", () => show(Number(slider.value)));
    svg.addEventListener("pointermove", (event) => {
      const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
      show(Math.min(highest, Math.max(0, (highest * (point.x - left)) / (right - left))));
    });
    for (const hidden of chart.querySelectorAll("[data-scripted]")) hidden.hidden = false;
  }

  // A click on a heading sorts the table by that column; the second click turns the order around.
  for (const table of document.querySelectorAll("table[data-sortable]")) {
    const body = table.tBodies[0];
    const headings = [...table.tHead.rows[0].cells];
    const value = (row, column) => {
      const data = row.cells[column].querySelector("data");
      return data ? Number(data.value) : row.cells[column].textContent.trim();
    };
    const compare = (a, b) => {
      const missing = [a, b].map((item) => item === "" || item === "\u2013");
      if (missing[0] || missing[1]) return missing[0] - missing[1];
      return typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true });
    };
    headings.forEach((heading, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...heading.childNodes);
      heading.append(button);
      button.addEventListener("click", () => {
        const turned = heading.getAttribute("aria-sort") === "ascending";
        headings.forEach((other) => other.removeAttribute("aria-sort"));
        heading.setAttribute("aria-sort", turned ? "descending" : "ascending");
        const rows = [...body.rows].map((row) => [value(row, column), row]);
        rows.sort((a, b) => compare(a[0], b[0]) * (turned ? -1 : 1));
        body.append(...rows.map((row) => row[1]));
      });
    });
  }
})();
