/** How the page looks: readable on a phone and across a room, light or dark as the system is. */

export const pageStyle = `
:root {
  color-scheme: light dark;
  --ground: #f3f5f8;
  --panel: #ffffff;
  --ink: #1b212c;
  --dim: #566072;
  --line: #d7dce5;
  --accent: #1d4ed8;
  --warning: #b3261e;
  --training: #1d5fd6;
  --validation: #c8343f;
  --iterations: #8fb1ee;
  --mean: #128055;
  --class-0: #b86200;
  --class-1: #7a4ac8;
  --class-2: #0e7f9c;
  --class-3: #b83b78;
  --class-4: #6b6b1f;
  --class-5: #5d6275;
  font: 1rem/1.45 system-ui, sans-serif;
}

@media (prefers-color-scheme: dark) {
  :root {
    --ground: #11141a;
    --panel: #1a1f28;
    --ink: #e9edf4;
    --dim: #a3adbd;
    --line: #343c4a;
    --accent: #86a9ff;
    --warning: #ff8d86;
    --training: #77a5ff;
    --validation: #ff8088;
    --iterations: #4d6aa8;
    --mean: #4fd39a;
    --class-0: #f5a34b;
    --class-1: #b794ff;
    --class-2: #4fc4e0;
    --class-3: #ff8fc4;
    --class-4: #cfcf6b;
    --class-5: #b3b9c9;
  }
}

* {
  box-sizing: border-box;
}

body {
  margin: 0 auto;
  max-width: 110rem;
  padding: 1rem clamp(0.75rem, 2vw, 2rem) 2rem;
  background: var(--ground);
  color: var(--ink);
}

[hidden] {
  display: none !important;
}

h1 {
  font-size: 1.5rem;
  line-height: 1.2;
  margin: 0;
  overflow-wrap: anywhere;
}

h2 {
  font-size: 1.1rem;
  margin: 0;
}

p {
  margin: 0;
}

.maker,
.explanation,
.when,
footer {
  color: var(--dim);
  font-size: 0.875rem;
}

.explanation {
  max-width: 60rem;
}

#status {
  margin-top: 0.25rem;
  overflow-wrap: anywhere;
  white-space: pre-line;
}

#status.failed,
#lost {
  color: var(--warning);
  font-weight: 600;
}

progress {
  appearance: none;
  display: block;
  width: 100%;
  height: 0.75rem;
  margin: 0.5rem 0 0.75rem;
  border: 1px solid var(--line);
  border-radius: 0.375rem;
  background: var(--panel);
  overflow: hidden;
}

progress::-webkit-progress-bar {
  background: var(--panel);
}

progress::-webkit-progress-value {
  background: var(--accent);
}

progress::-moz-progress-bar {
  background: var(--accent);
}

dl,
dd {
  margin: 0;
}

dt {
  color: var(--dim);
  font-size: 0.875rem;
}

.tiles {
  display: grid;
  grid-template-columns: repeat(auto-fit, minmax(8rem, 1fr));
  gap: 0.5rem 1.5rem;
  margin-bottom: 0.75rem;
}

.tiles dd {
  font-size: 1.25rem;
  font-variant-numeric: tabular-nums;
}

main {
  display: grid;
  grid-template-columns: minmax(0, 1fr);
  gap: 0.75rem;
}

.charts,
.lists {
  display: grid;
  grid-template-columns: minmax(0, 1fr);
  gap: 0.75rem;
}

@media (min-width: 52rem) {
  .charts,
  .lists {
    grid-template-columns: repeat(2, minmax(0, 1fr));
  }
}

.panel {
  min-width: 0;
  padding: 0.75rem 1rem 1rem;
  border: 1px solid var(--line);
  border-radius: 0.5rem;
  background: var(--panel);
}

.plot {
  height: 240px;
  margin-top: 0.5rem;
  overflow: hidden;
  touch-action: pan-y;
}

.plot svg {
  display: block;
}

.plot text {
  fill: var(--dim);
  font-size: 12px;
  font-variant-numeric: tabular-nums;
}

.plot text.name {
  fill: var(--ink);
}

.plot text.empty {
  font-size: 14px;
}

.plot .grid {
  stroke: var(--line);
}

.plot .axis,
.plot .tick {
  stroke: var(--dim);
}

.plot .cursor {
  stroke: var(--ink);
  stroke-dasharray: 2 3;
}

.plot .curve {
  fill: none;
  stroke-linecap: round;
  stroke-linejoin: round;
}

.plot .curve[stroke-dasharray] {
  stroke-linecap: butt;
}

:focus-visible {
  outline: 2px solid var(--accent);
  outline-offset: 2px;
}

.when {
  min-height: 1.3em;
}

.legend {
  display: flex;
  flex-wrap: wrap;
  gap: 0.125rem 0.75rem;
  max-height: 11rem;
  margin: 0;
  padding: 0;
  overflow-y: auto;
  list-style: none;
}

.legend button {
  display: flex;
  align-items: center;
  gap: 0.4rem;
  min-height: 1.75rem;
  padding: 0 0.25rem;
  border: 0;
  border-radius: 0.25rem;
  background: none;
  color: inherit;
  font: inherit;
  font-size: 0.875rem;
  text-align: left;
  cursor: pointer;
}

.legend button[aria-pressed='false'] {
  color: var(--dim);
  text-decoration: line-through;
}

.legend button[aria-pressed='false'] svg {
  opacity: 0.3;
}

.value {
  font-weight: 600;
  font-variant-numeric: tabular-nums;
}

.patch-content {
  display: none;
}

.shown .patch-content {
  display: block;
}

.choices {
  display: flex;
  flex-wrap: wrap;
  gap: 0.25rem 1.25rem;
  align-items: center;
  margin: 0.5rem 0;
}

.choices label {
  display: inline-flex;
  gap: 0.4rem;
  align-items: center;
  min-height: 2rem;
}

select {
  font: inherit;
  max-width: 12rem;
}

.slices {
  display: grid;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 15rem), 1fr));
  gap: 0.75rem;
}

figure {
  min-width: 0;
  margin: 0;
}

canvas {
  display: block;
  background: #000;
}

figcaption {
  display: grid;
  max-width: 20rem;
  font-size: 0.875rem;
}

table {
  border-collapse: collapse;
  font-size: 0.875rem;
  font-variant-numeric: tabular-nums;
}

th,
td {
  padding: 0.2rem 1rem 0.2rem 0;
  text-align: left;
  font-weight: normal;
}

thead th {
  color: var(--dim);
}

.patch-classes,
#result table {
  margin-top: 0.5rem;
}

.sample {
  display: block;
  border-radius: 0.2rem;
  background: #22262e;
}

.scroll {
  max-height: 24rem;
  margin-top: 0.5rem;
  overflow: auto;
}

.scroll th,
.scroll td {
  text-align: right;
  white-space: nowrap;
}

.scroll thead th {
  position: sticky;
  top: 0;
  background: var(--panel);
}

summary {
  cursor: pointer;
  font-weight: 600;
}

.rows {
  display: grid;
  gap: 0.3rem;
  margin-top: 0.5rem;
}

.rows > div {
  display: grid;
  grid-template-columns: minmax(7rem, 1fr) 2fr;
  gap: 0.75rem;
  align-items: baseline;
}

.rows dd {
  overflow-wrap: anywhere;
}

@media (max-width: 26rem) {
  .rows > div {
    grid-template-columns: 1fr;
    gap: 0;
  }
}

footer {
  margin-top: 0.75rem;
}
`;
