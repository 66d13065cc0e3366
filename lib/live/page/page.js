/** The page to watch an experiment: what the server says, as figures and charts. */
"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const dark = matchMedia("(prefers-color-scheme: dark)");

  /** What is known, as `LiveState` has it. */
  let state = null;
  let isLost = false;
  let reportUrl = null;
  /** A draw is asked for and not done. */
  let isDue = false;

  const seconds = (ms) => ms / 1000;
  const rate = (key) => (sample) => 1000 * sample[key] / Math.max(1, sample.lengthMs);
  const finite = (value) => typeof value === "number" ? value : null;
  /** A line of a quantile, which has gaps where there is none; the legend tells which. */
  const quantile = (i) => ({
    of: (sample) => finite(sample.recentMs[i]),
    told: (sample) => sample.recentMs[i],
  });

  const CHARTS = [
    {
      id: "rates",
      title: "Rates",
      unit: "per second",
      series: [
        { label: "target", color: "--quiet", dash: [4, 4], of: rate("due") },
        { label: "dispatched", color: "--blue", of: rate("dispatched") },
        { label: "completed", color: "--green", of: rate("completed") },
      ],
    },
    {
      id: "response",
      title: "Response time",
      unit: "ms, of the last 30 s",
      isLog: true,
      series: [
        { label: "p50", color: "--blue", ...quantile(0) },
        { label: "p90", color: "--orange", ...quantile(1) },
        { label: "p99", color: "--pink", ...quantile(2) },
      ],
    },
    {
      id: "in-flight",
      title: "In flight and instances",
      unit: "number",
      series: [
        { label: "in flight", color: "--blue", of: (sample) => sample.inFlight },
        { label: "ready instances", color: "--green", of: (sample) => sample.ready },
      ],
    },
    {
      id: "lag",
      title: "The loader itself",
      unit: "ms, the largest of each second",
      isLog: true,
      series: [
        { label: "dispatch lag", color: "--blue", of: (sample) => positive(sample.lagMaxMs) },
        { label: "loop delay", color: "--orange", of: (sample) => positive(sample.loopDelayMaxMs) },
      ],
    },
    {
      id: "cpu",
      title: "CPU of the loader",
      unit: "% of a core, waiting excluded",
      series: [{ label: "CPU", color: "--blue", of: (sample) => sample.cpuPercent }],
    },
    {
      id: "not-ok",
      title: "Not ok",
      unit: "per second",
      series: [{ label: "not ok", color: "--bad-line", of: rate("notOk") }],
    },
  ];

  /** A logarithmic axis has no zero. */
  function positive(value) {
    return value === null ? null : Math.max(value, 0.001);
  }

  function color(name) {
    const given = name === "--bad-line" ? "--bad" : name;
    return getComputedStyle(document.documentElement).getPropertyValue(given).trim();
  }

  function number(value) {
    if (value === null || value === undefined) return "–";
    if (value === "infinite") return "∞";
    if (value === 0) return "0";
    const magnitude = Math.abs(value);
    const digits = magnitude >= 100 ? 0 : magnitude >= 10 ? 1 : magnitude >= 1 ? 2 : 3;
    return value.toLocaleString("en", { maximumFractionDigits: digits });
  }

  function span(ms) {
    const whole = Math.max(0, Math.round(seconds(ms)));
    if (whole < 120) return `${whole} s`;
    if (whole < 7200) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
    return `${Math.floor(whole / 3600)} h ${Math.floor(whole % 3600 / 60)} min`;
  }

  // Charts

  const plots = [];

  function createCharts() {
    for (const chart of CHARTS) {
      const figure = document.createElement("figure");
      figure.id = `chart-${chart.id}`;
      const heading = document.createElement("h2");
      heading.textContent = chart.title;
      const place = document.createElement("div");
      const caption = document.createElement("figcaption");
      caption.textContent = `${chart.unit}, against time since run start`;
      figure.append(heading, place, caption);
      byId("charts").append(figure);
      plots.push({ chart, figure, plot: createPlot(chart, place) });
    }
    const sizes = new ResizeObserver((entries) => {
      for (const { target } of entries) {
        const { plot } = plots.find(({ figure }) => figure === target);
        plot.setSize({ width: Math.floor(target.clientWidth), height: 200 });
      }
    });
    for (const { figure } of plots) sizes.observe(figure);
    dark.addEventListener("change", () => {
      for (const { plot } of plots) plot.redraw(false, true);
    });
  }

  function createPlot({ series, isLog }, place) {
    const axis = {
      stroke: () => color("--quiet"),
      grid: { stroke: () => color("--grid"), width: 1 },
      ticks: { stroke: () => color("--line"), width: 1 },
      font: "11px system-ui, sans-serif",
    };
    const options = {
      width: Math.max(200, place.clientWidth),
      height: 200,
      scales: {
        x: {
          time: false,
          range: (_, least, most) => [Math.min(least ?? 0, 0), Math.max(most ?? 1, 1)],
        },
        y: isLog ? { distr: 3 } : {
          range: (_, __, most) => [0, most > 0 ? most * 1.08 : 1],
        },
      },
      axes: [
        { ...axis, size: 30, values: (_, ticks) => ticks.map((tick) => `${tick} s`) },
        {
          ...axis,
          size: 58,
          values: (_, ticks) => ticks.map((tick) => tick === null ? "" : number(tick)),
        },
      ],
      series: [
        { label: "time", value: (_, value) => value === null ? "–" : `${number(value)} s` },
        ...series.map((one) => ({
          label: one.label,
          stroke: () => color(one.color),
          width: 1.6,
          dash: one.dash,
          points: { show: false },
          value: (_, value, __, i) => {
            const sample = state?.samples[i ?? -1];
            return number(sample === undefined || !one.told ? value : one.told(sample));
          },
        })),
      ],
      cursor: { sync: { key: "time" } },
    };
    return new uPlot(options, [[0], ...series.map(() => [null])], place);
  }

  function drawCharts() {
    const samples = state.samples;
    byId("charts").dataset.samples = samples.length;
    const times = samples.map(({ timeMs }) => seconds(timeMs));
    for (const { chart, plot } of plots) {
      plot.setData(
        samples.length === 0
          ? [[0], ...chart.series.map(() => [null])]
          : [times, ...chart.series.map(({ of }) => samples.map(of))],
      );
    }
  }

  // Figures

  function tile(list, name, value, isBad = false) {
    const box = document.createElement("div");
    const term = document.createElement("dt");
    const figure = document.createElement("dd");
    term.textContent = name;
    figure.textContent = value;
    if (isBad) figure.className = "bad";
    box.append(term, figure);
    list.append(box);
  }

  function drawTiles() {
    const last = state.samples.at(-1);
    const tiles = byId("tiles");
    tiles.replaceChildren();
    const per = (key) => last === undefined ? "–" : `${number(rate(key)(last))} /s`;
    const ms = (value) => typeof value === "number" ? `${number(value)} ms` : number(value);
    const response = state.totals?.responseMs ?? [null, null, null];
    tile(tiles, "Target", per("due"));
    tile(tiles, "Dispatched", per("dispatched"));
    tile(tiles, "Completed", per("completed"));
    tile(tiles, "In flight", number(last?.inFlight));
    tile(tiles, "Dispatch lag, largest", ms(last?.lagMaxMs), last?.lagMaxMs > 5);
    tile(tiles, "Response p50, measured", ms(response[0]));
    tile(tiles, "Response p99, measured", ms(response[2]));
    tile(tiles, "Ready instances", number(last?.ready));
    tile(tiles, "Phase", phase());
    tile(tiles, "Time left in the run", left());
    const counts = byId("outcome-counts");
    counts.replaceChildren();
    for (const [outcome, count] of Object.entries(state.totals?.outcomes ?? {})) {
      const isBad = outcome !== "ok" && outcome !== "cancelled" && count > 0;
      if (outcome === "ok" || count > 0) tile(counts, outcome, count.toLocaleString("en"), isBad);
    }
  }

  function isBetweenRuns() {
    return state.run !== null && state.ended.at(-1)?.name === state.run.name;
  }

  function phase() {
    if (state.end !== null || isBetweenRuns()) return "ended";
    if (state.deploying !== null) return "deploying";
    return state.samples.at(-1)?.phase ?? "starting";
  }

  function left() {
    const last = state.samples.at(-1);
    if (state.run === null || state.end !== null || isBetweenRuns()) return "–";
    const left = span(state.run.durationMs - (last?.timeMs ?? 0));
    return state.experiment.isVirtual ? `${left} of simulated time` : left;
  }

  function drawStatus() {
    const status = byId("status");
    const { run, end, ended } = state;
    status.replaceChildren();
    status.className = end?.status ?? (isLost ? "lost" : "");
    if (end !== null) {
      status.append(`The experiment has ended: ${end.status}. `);
      if (reportUrl !== null) {
        const link = document.createElement("a");
        link.id = "report";
        link.href = reportUrl;
        link.target = "_blank";
        link.textContent = "Report";
        status.append(link, ", also in ");
      }
      status.append(end.report === null ? "There is no report." : end.report);
    } else if (isLost) status.append("The connection is lost: the program has ended, or is busy.");
    else if (state.isStopping) status.append("Interrupted: what is out is cancelled.");
    else if (run === null) status.append("Preparing …");
    else if (isBetweenRuns()) status.append(`${run.name} has ended: ${ended.at(-1).status}.`);
    else {
      const number = ended.length === 0 ? "" : ` (run ${ended.length + 1})`;
      status.append(`${run.name}${number}: ${state.deploying ?? `${left()} left`}`);
    }
    const last = state.samples.at(-1);
    byId("progress").value = run === null ? 0 : Math.min(1, (last?.timeMs ?? 0) / run.durationMs);
    document.title = `${run === null ? "" : `${run.name} – `}${state.experiment.name}`;
    byId("experiment").textContent = `${state.experiment.name} on ${state.experiment.platform}`;
    byId("question").textContent = state.experiment.question;
  }

  function drawEnded() {
    byId("ended").hidden = state.ended.length === 0;
    byId("ended-runs").replaceChildren(
      ...state.ended.toReversed().map(({ name, status, verdict }) => {
        const row = document.createElement("tr");
        for (const text of [name, status, verdict ?? "–"]) row.insertCell().textContent = text;
        return row;
      }),
    );
  }

  /** Once for all that comes at once, and only where it is looked at. */
  function draw() {
    if (isDue) return;
    isDue = true;
    // deno-lint-ignore loader/time-and-chance -- a browser's, which is on no clock of ours
    requestAnimationFrame(() => {
      isDue = false;
      drawStatus();
      drawTiles();
      drawCharts();
      drawEnded();
    });
  }

  // What the server says

  const TAKE = {
    run: ({ run }) => {
      Object.assign(state, { run, samples: [], totals: null });
      state.deploying = `deploying ${run.functions} functions`;
    },
    deploying: ({ progress }) => state.deploying = progress,
    second: ({ sample, totals }) => {
      Object.assign(state, { deploying: null, totals });
      state.samples.push(sample);
    },
    runEnd: ({ run }) => {
      state.deploying = null;
      state.ended.push(run);
    },
    stopping: () => state.isStopping = true,
    end: ({ end, reportHtml }) => {
      state.end = end;
      if (reportHtml === null) return;
      reportUrl = URL.createObjectURL(new Blob([reportHtml], { type: "text/html;charset=utf-8" }));
    },
  };

  function listen() {
    const events = new EventSource("/events");
    events.addEventListener("state", ({ data }) => {
      state = JSON.parse(data);
      isLost = false;
      draw();
    });
    for (const [kind, take] of Object.entries(TAKE)) {
      events.addEventListener(kind, ({ data }) => {
        take(JSON.parse(data));
        if (kind === "end") events.close();
        draw();
      });
    }
    events.addEventListener("error", () => {
      if (state?.end || state === null) return;
      isLost = true;
      draw();
    });
  }

  createCharts();
  listen();
})();
