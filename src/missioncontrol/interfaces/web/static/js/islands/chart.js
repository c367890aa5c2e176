// Draws lines, bars and flows by ECharts, in the colours of the page; the table behind says the same.
const COLOURS = ["--c1", "--c2", "--c3", "--c4", "--c5", "--c6", "--c7", "--c8"];
const DASHES = ["solid", "dashed", "dotted", [8, 3, 2, 3], [10, 4]];
/** Bars differ by more than their colour: plain, lines that rise, dots, lines that fall, lines that stand. */
const WEAVES = [
  null,
  { symbol: "rect", dashArrayX: [1, 0], dashArrayY: [2, 5], rotation: -Math.PI / 4 },
  { symbol: "circle", dashArrayX: [[8, 8], [0, 8, 8, 0]], dashArrayY: [6, 0], symbolSize: 0.7 },
  { symbol: "rect", dashArrayX: [1, 0], dashArrayY: [2, 5], rotation: Math.PI / 4 },
  { symbol: "rect", dashArrayX: [1, 0], dashArrayY: [2, 6], rotation: Math.PI / 2 },
];

/** So wide is a level of flows, with the names in it: where there is less room one scrolls. */
const LABEL = 190;

/** Draw `data` in the canvas of `element`, and again when the theme changes; return how to end it. */
export async function mount(element, data) {
  const { init } = await import("../../vendor/echarts.js");
  const place = element.querySelector(".drawn");
  place.replaceChildren();
  if (data.nodes) place.style.minInlineSize = `${(1 + Math.max(...data.nodes.map((node) => node.level), 0)) * LABEL}px`;
  const chart = init(place, null, { renderer: "canvas" });
  const draw = () => chart.setOption(data.nodes ? flows(data, place) : lines(data, place), true);
  draw();
  const sized = new ResizeObserver(() => chart.resize());
  sized.observe(place);
  const themed = new MutationObserver(draw);
  themed.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  const media = ["(prefers-color-scheme: dark)", "print"].map((query) => matchMedia(query));
  media.forEach((each) => each.addEventListener("change", draw));
  element.dataset.drawn = "";
  return () => {
    sized.disconnect();
    themed.disconnect();
    media.forEach((each) => each.removeEventListener("change", draw));
    chart.dispose();
  };
}

/** Return a function from the name of a token to its colour, as canvas takes it. */
function tokens(place) {
  const probe = document.createElement("i");
  place.append(probe);
  const found = (name) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const known = Object.fromEntries(["--text", "--text-2", "--text-3", "--edge", "--line", "--grid-line", "--raised", "--surface", ...COLOURS].map((name) => [name, found(name)]));
  probe.remove();
  return known;
}

const still = () => ({ animation: !matchMedia("(prefers-reduced-motion: reduce)").matches, animationDuration: 160 });
const number = (value) => new Intl.NumberFormat("en", { maximumFractionDigits: 2 }).format(value).replaceAll(",", "\u2009");
const shown = (unit) => (value) => (value === null || value === undefined ? "unknown" : unit === "share" ? `${(value * 100).toFixed(1)} %` : number(value));

const plainly = (id) => id.slice(id.indexOf(" ") + 1) || "other";

function words(data, at) {
  const isOpen = data.open_from !== null && at >= data.open_from;
  const part = isOpen ? ", incomplete" : data.partial.includes(at) ? ", partial" : "";
  const rows = data.lines.map((line) => `${line.name}  ${shown(data.unit)(line.values[at])}`);
  if (data.low && data.high && data.low[at] !== null) rows.push(`expected  ${shown(data.unit)(data.low[at])} to ${shown(data.unit)(data.high[at])}`);
  return [data.labels[at] + part, ...rows].join("\n");
}

function tooltip(token) {
  return {
    trigger: "axis", renderMode: "richText", confine: true, appendToBody: false,
    backgroundColor: token["--raised"], borderColor: token["--line"], padding: 8,
    textStyle: { color: token["--text"], fontSize: 12, fontFamily: "Inter, sans-serif" },
    axisPointer: { lineStyle: { color: token["--edge"] } },
  };
}

function lines(data, place) {
  const token = tokens(place);
  const text = { color: token["--text-3"], fontSize: 11, fontFamily: "Inter, sans-serif" };
  const tick = (value) => (data.unit === "share" ? `${Math.round(value * 100)} %` : number(value));
  let at = -1;
  const series = data.lines.map((line) => {
    if (!line.is_before) at += 1;
    const colour = line.is_before ? token["--edge"] : token[COLOURS[at % COLOURS.length]];
    if (data.kind === "bars") return bar(line, colour, { ...WEAVES[at % WEAVES.length], color: token["--surface"] }, at, data.partial);
    const drawn = {
      type: "line", name: line.name, data: line.values, symbol: "circle", symbolSize: 5, showSymbol: line.values.length < 3,
      connectNulls: false, z: line.is_before ? 2 : 3, itemStyle: { color: colour },
      lineStyle: { color: colour, width: line.is_before ? 1.25 : 1.75, type: line.is_before ? [2, 3] : DASHES[at % DASHES.length] },
      emphasis: { disabled: true },
    };
    return line.is_before ? drawn : parted(drawn, data.open_from);
  }).flat();
  return {
    ...still(), aria: { enabled: false },
    grid: { left: 4, right: 10, top: 10, bottom: 2, containLabel: true },
    tooltip: { ...tooltip(token), formatter: ([point]) => words(data, point.dataIndex) },
    xAxis: { type: "category", data: data.labels, boundaryGap: data.kind === "bars", axisLabel: { ...text, hideOverlap: true }, axisLine: { lineStyle: { color: token["--line"] } }, axisTick: { show: false } },
    yAxis: { type: "value", scale: data.unit === "share", ...(data.unit === "share" ? shares(data) : { minInterval: areCounts(data) ? 1 : 0 }), splitNumber: 3, axisLabel: { ...text, formatter: tick }, splitLine: { lineStyle: { color: token["--grid-line"] } } },
    series: [...band(data, token), ...series],
  };
}

/** Whether all values are whole: nobody counts 0.3 people. */
const areCounts = (data) => data.lines.every((line) => line.values.every((value) => value === null || Number.isInteger(value)));

/** Between which shares to draw: of all there are, whole fifths where they are many; never above 1. */
function shares(data) {
  const all = [data.low, data.high, ...data.lines.map((line) => line.values)].flatMap((each) => each ?? []).filter((each) => each !== null);
  const [low, high] = [Math.min(...all, 1), Math.max(...all, 0)];
  if (high > 0 && high < 0.6) return {};
  return { min: Math.floor(low * 5) / 5 % 1, max: 1, interval: 0.2 };
}

/** What is told in part is pale, in a broken line: it is no bar to be measured against the others. */
function bar(line, colour, weave, at, partial) {
  const isOut = line.name.toLowerCase() === "dormant";
  const values = isOut ? line.values.map((value) => (value === null ? null : -value)) : line.values;
  const pale = { color: colour, opacity: 0.3, borderColor: colour, borderType: "dashed", borderWidth: 1 };
  const drawn = values.map((value, place) => (partial.includes(place) ? { value, itemStyle: pale } : value));
  return { type: "bar", name: line.name, stack: "all", data: drawn, itemStyle: at ? { color: colour, decal: weave } : { color: colour }, barMaxWidth: 36, emphasis: { disabled: true }, tooltip: { valueFormatter: (value) => number(Math.abs(value)) } };
}

/** What is not over yet is drawn in dots, from the last value that is. */
function parted(line, openFrom) {
  if (openFrom === null || openFrom < 1 || openFrom >= line.data.length) return [line];
  const rest = { ...line.lineStyle, type: [2, 3] };
  return [
    { ...line, data: line.data.map((value, at) => (at < openFrom ? value : null)) },
    { ...line, data: line.data.map((value, at) => (at >= openFrom - 1 ? value : null)), lineStyle: rest, areaStyle: undefined },
  ];
}

/** Between what a line usually is: an invisible line, and what lies above it up to the other. */
function band(data, token) {
  if (!data.low || !data.high) return [];
  const quiet = { type: "line", symbol: "none", stack: "band", silent: true, z: 1, lineStyle: { opacity: 0 }, tooltip: { show: false }, emphasis: { disabled: true } };
  return [
    { ...quiet, name: "expected from", data: data.low },
    { ...quiet, name: "expected", data: data.high.map((high, at) => (high === null ? null : high - data.low[at])), areaStyle: { color: token["--c1"], opacity: 0.14 } },
  ];
}

function flows(data, place) {
  const token = tokens(place);
  const names = [...new Set(data.nodes.map((node) => node.name))];
  const colour = (name) => (name === "other" ? token["--edge"] : token[COLOURS[names.indexOf(name) % COLOURS.length]]);
  return {
    ...still(), aria: { enabled: false },
    tooltip: { ...tooltip(token), trigger: "item", formatter: ({ data: one, dataType, value }) => (dataType === "edge" ? `${plainly(one.source)} to ${plainly(one.target)}: ${number(value)}` : `${plainly(one.name)}: ${number(value)}`) },
    series: [{
      type: "sankey", left: 4, right: LABEL - 4, top: 8, bottom: 8, nodeWidth: 10, nodeGap: 12, draggable: false, layoutIterations: 24,
      data: data.nodes.map((node) => ({ name: node.id, value: node.paths, depth: node.level, itemStyle: { color: colour(node.name), borderWidth: 0 }, label: { formatter: `${node.name} ${number(node.paths)}` } })),
      links: data.links.map((link) => ({ source: link.source, target: link.target, value: link.paths })),
      label: { color: token["--text"], fontSize: 11, fontFamily: "Inter, sans-serif", width: 180, overflow: "truncate" },
      labelLayout: { hideOverlap: true },
      lineStyle: { color: token["--edge"], opacity: 0.28, curveness: 0.5 }, emphasis: { focus: "adjacency" },
    }],
  };
}
