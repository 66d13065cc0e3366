import { DARK_PALETTE, PALETTE } from "../plot/plotter.ts";
import { Html, html } from "./html.ts";
import tooltipScript from "./tooltips.js" with { type: "text" };

const STYLE = `
:root { color-scheme: light dark; --ink: #1f2328; --quiet: #656d76; --line: #d9dde3; --paper: #fff;
  --link: #0b5394; --raised: #f6f8fa; --rule: #eceff2; --edge: #8a8f98; --good: #2e7d32;
  --warn: #955900; --bad: #b3261e; --notice: #fff8e6; --notice-line: #eedfb4; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1240px; padding: 2.5rem 2rem 4rem; background: var(--paper);
  color: var(--ink); font: 15px/1.55 system-ui, -apple-system, "Segoe UI", sans-serif; }
h1 { font-size: 1.75rem; line-height: 1.25; margin: 0 0 .4rem; letter-spacing: -.01em; }
h2 { font-size: 1.2rem; margin: 2.6rem 0 .6rem; }
h3 { font-size: 1rem; margin: 1.6rem 0 .3rem; }
h4 { font-size: .95rem; margin: 0 0 .2rem; }
p { margin: .4rem 0; max-width: 80ch; }
a { color: var(--link); text-decoration: none; }
a:hover { text-decoration: underline; }
.small, small { color: var(--quiet); font-size: .82rem; font-weight: 400; }
p.small { font-size: .85rem; max-width: 110ch; }
code, pre { font: .85rem/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
pre { background: var(--raised); border: 1px solid var(--line); border-radius: 6px; padding: .7rem 1rem;
  overflow-x: auto; white-space: pre-wrap; }
#verdict { border: 1px solid var(--line); border-left: 6px solid var(--quiet); border-radius: 6px;
  padding: .9rem 1.3rem 1rem; margin-top: 1.6rem; }
#verdict h2 { margin: 0 0 .2rem; }
#verdict.valid { border-left-color: var(--good); }
#verdict.open, #verdict.platform-limited { border-left-color: var(--warn); }
#verdict.generator-limited { border-left-color: var(--bad); }
.verdict { font-weight: 650; white-space: nowrap; color: var(--quiet); }
.verdict.valid { color: var(--good); }
.verdict.platform-limited { color: var(--warn); }
.verdict.generator-limited { color: var(--bad); }
.notice { background: var(--notice); border: 1px solid var(--notice-line); border-radius: 6px; padding: .5rem .9rem;
  max-width: none; }
.table { overflow-x: auto; margin: .7rem 0; }
table { border-collapse: collapse; font-size: .81rem; font-variant-numeric: tabular-nums; }
th { font-weight: 600; vertical-align: bottom; line-height: 1.25; border-bottom: 1.5px solid var(--edge); }
th small { display: block; white-space: nowrap; }
.groups th { border: 0; padding-bottom: 0; text-align: center; color: var(--quiet); font-weight: 500; }
.groups th[colspan]:not(:empty) { box-shadow: inset 0 -1px var(--line); }
th, td { padding: .32rem .5rem; }
td { border-bottom: 1px solid var(--rule); vertical-align: top; }
th:first-child, td:first-child { padding-left: 0; }
#verdict td:last-child { min-width: 13rem; }
.number { text-align: right; }
td.number, td:first-child { white-space: nowrap; }
.text { text-align: left; }
td small { line-height: 1.2; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(460px, 100%), 1fr));
  gap: 1.8rem 2rem; margin: 1rem 0; }
figure { margin: 0; min-width: 0; position: relative; }
figure svg:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: 2px; }
.tip { position: absolute; z-index: 1; pointer-events: none; padding: .3rem .55rem; border-radius: 5px;
  background: var(--paper); border: 1px solid var(--edge); box-shadow: 0 2px 8px rgb(0 0 0 / .18);
  font-size: .78rem; line-height: 1.35; max-width: 90%; width: max-content; }
.tip-marks { fill: none; stroke: var(--ink); stroke-width: 1.6; pointer-events: none; }
figure svg { display: block; width: 100%; height: auto; }
figcaption { color: var(--quiet); font-size: .85rem; line-height: 1.45; margin-top: .2rem; }
.files { white-space: nowrap; }
details { margin: .5rem 0; }
details.run { border-top: 1px solid var(--line); padding: .6rem 0; margin: 0; }
.notes { margin: .5rem 0; padding-left: 1.2rem; font-size: .88rem; }
#repeat pre { user-select: all; }
summary { cursor: pointer; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .3rem 1.2rem; margin: .8rem 0; }
dt { color: var(--quiet); }
dd > details { margin: 0; }
dd { margin: 0; overflow-wrap: anywhere; }
.fact { margin-right: 1.1rem; }
@media (max-width: 640px) { body { padding: 1.2rem 1rem 3rem; } h1 { font-size: 1.4rem; }
  #verdict { padding: .7rem .8rem; } dl { grid-template-columns: 1fr; gap: 0; } dt { margin-top: .5rem; }
  figure svg { font-size: 14.5px !important; }
  figure svg [aria-label="legend"] { font-size: 12px; }
  .table td:first-child, .table th:first-child { position: sticky; left: 0; background: var(--paper); }
  td:first-child { white-space: normal; overflow-wrap: anywhere; min-width: 5.5rem; max-width: 9rem; } }
article { display: grid; grid-template-columns: 15rem 1fr; gap: 1.4rem; border-top: 1px solid var(--line);
  padding: 1rem 0; break-inside: avoid; }
article h3 { margin: 0; overflow-wrap: anywhere; }
article p { overflow-wrap: anywhere; }
.thumbnail img { display: block; width: 100%; background: #fff; border-radius: 4px; }
@media (max-width: 640px) { article { grid-template-columns: 1fr; gap: .5rem; } }
.remark { border-left: 4px solid var(--edge); padding: .1rem 0 .1rem .9rem; margin: 1rem 0; max-width: 90ch; }
.remark h3 { margin: 0; font-size: .95rem; }
.remark p { margin: .15rem 0; font-size: .9rem; overflow-wrap: anywhere; }
.remark.loss { border-left-color: var(--bad); }
.remark.approximate { border-left-color: var(--warn); }
.severity { font-weight: 650; color: var(--quiet); white-space: nowrap; }
.severity.loss { color: var(--bad); }
.severity.approximate { color: var(--warn); }
${darkStyle()}
@media print { .files, .tip, .tip-marks { display: none; } body { padding: 0; max-width: none; font-size: 12px; }
  .figures { grid-template-columns: 1fr 1fr; gap: 1rem; } figure, tr { break-inside: avoid; }
  h2, h3, h4, summary { break-after: avoid; } .table { overflow: visible; }
  table { font-size: 8px; } th, td { padding: 2px 3px; }
  .small, small, figcaption, .notes, p.small { font-size: 10px; } table small { font-size: 7.5px; }
  td.number, td:first-child, th small { white-space: normal; } td:first-child { overflow-wrap: anywhere; min-width: 5.5rem; } .verdict { white-space: normal; }
  #verdict td:last-child { min-width: 0; } }
`;

/**
 * The page where the system is dark. Figures are complete in themselves and light; their
 * colours are those of the palette, so that each is replaced by its dark one.
 */
function darkStyle(): string {
  const colors = (Object.keys(PALETTE) as (keyof typeof PALETTE)[]).flatMap((name) =>
    ["fill", "stroke"].map((attribute) =>
      `figure [${attribute}="${PALETTE[name]}"] { ${attribute}: ${DARK_PALETTE[name]}; }`
    )
  );
  return `@media screen and (prefers-color-scheme: dark) {
:root { --ink: #e6edf3; --quiet: #9198a1; --line: #3d444d; --paper: #0d1117; --link: #6cb6ff;
  --raised: #161b22; --rule: #21262d; --edge: #7d8590; --good: #57ab5a; --warn: #d9a343;
  --bad: #f2726a; --notice: #272115; --notice-line: #4d401f; }
figure svg { color: #c3cad2 !important; --plot-background: var(--paper) !important; }
figure [fill="white"] { fill: var(--paper); }
${colors.join("\n")}
}`;
}

/** What tells the values of figures in a page; a policy of content may name it by its hash. */
export const TOOLTIP_SCRIPT: string = tooltipScript;

/** True if a figure has points that tell their values. */
function hasPlaces({ text }: Html): boolean {
  return text.includes('class="hits"');
}

/** Puts a page together; it needs nothing beside itself. */
export function renderPage(title: string, body: Html): string {
  return html`
    <!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>${title}</title>
        <style>${new Html(STYLE)}</style>
      </head>
      <body>
    ${body}
      ${new Html(hasPlaces(body) ? `<script>${TOOLTIP_SCRIPT}</script>` : "")}
      </body>
    </html>
  `.text;
}
