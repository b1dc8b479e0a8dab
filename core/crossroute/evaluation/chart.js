for (const chart of document.querySelectorAll(".chart")) {
  const read = JSON.parse(chart.dataset.read), plot = chart.querySelector(".plot");
  const tip = chart.querySelector(".tip"), rule = chart.querySelector(".rule");
  const boxes = [...chart.querySelectorAll(".legend input")];
  const name = box => box.parentElement.textContent;
  const say = (lines, at) => {
    tip.textContent = lines.join("\n");
    tip.style.display = "block";
    const room = plot.clientWidth - tip.offsetWidth;
    tip.style.left = Math.max(0, Math.min(room, at > plot.clientWidth / 2 ? at - tip.offsetWidth - 12 : at + 12)) + "px";
  };
  const hush = () => { tip.style.display = rule.style.display = "none"; };
  plot.addEventListener("pointermove", event => {
    const edge = plot.getBoundingClientRect(), at = event.clientX - edge.left;
    const told = event.target.closest?.(".dot")?.dataset.told;
    if (told) { rule.style.display = "none"; return say([told], at); }
    if (!read.told.length) return hush();
    const x = 1000 * at / edge.width;
    let nearest = 0;
    read.x.forEach((place, i) => { if (Math.abs(place - x) < Math.abs(read.x[nearest] - x)) nearest = i; });
    const lines = boxes.filter(box => box.checked && read.series[box.dataset.series]?.[nearest])
      .map(box => `${read.series[box.dataset.series][nearest]}  ${name(box)}`);
    rule.style.display = "block";
    rule.style.left = read.x[nearest] / 10 + "%";
    say([read.told[nearest], ...lines], at);
  });
  plot.addEventListener("pointerleave", hush);
  plot.addEventListener("focusin", event => say([event.target.dataset.told], event.target.offsetLeft));
  plot.addEventListener("focusout", hush);
  for (const box of boxes) box.addEventListener("change", () => {
    chart.querySelector(`path[data-series="${box.dataset.series}"]`).toggleAttribute("hidden", !box.checked);
  });
}
