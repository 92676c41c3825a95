/** The page as it is before the first word from the training. */

export const pageMarkup = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>voxelgrad: training</title>
    <link rel="icon" href="icon.svg" />
    <link rel="stylesheet" href="style.css" />
    <script type="module" src="modules/report/dashboard/page/main.js"></script>
  </head>
  <body data-state="waiting">
    <header>
      <p class="maker">voxelgrad · training</p>
      <h1 id="title">Waiting for the training</h1>
      <p id="status" role="status">This page fills when the training answers.</p>
      <progress id="progress" value="0" max="1" aria-label="Progress"></progress>
      <dl id="tiles" class="tiles"></dl>
      <p id="lost" role="alert" hidden>
        No connection to the training: it has ended, or the way to its machine is closed. This is the last that was seen; the page keeps trying. A training that was started anew
        has another address, which it prints.
      </p>
    </header>
    <main>
      <section id="result" class="panel" hidden>
        <h2>Result</h2>
        <p class="explanation">Mean Dice over the held-out cases, predicted whole: 0 no overlap with the truth, 1 perfect.</p>
        <table><tbody id="result-rows"></tbody></table>
      </section>
      <div id="charts" class="charts"></div>
      <section id="patch" class="panel">
        <h2>A patch in training</h2>
        <p class="explanation">
          A piece of a training case, with what is true (solid lines) and what the network finds (dashed lines). Patches are mirrored, turned and changed at random, so sides and
          contrast mean nothing here; an even border lies outside of the image.
        </p>
        <p id="patch-status" class="when" aria-live="off">The first one comes within some seconds of training.</p>
        <div class="patch-content">
          <div class="choices">
            <label><input id="show-truth" type="checkbox" checked /> Truth</label>
            <label><input id="show-prediction" type="checkbox" checked /> Prediction</label>
            <label><input id="hold-patch" type="checkbox" /> Hold this patch</label>
            <label id="channel-choice" hidden>Image <select id="channel"></select></label>
          </div>
          <div id="slices" class="slices"></div>
          <table class="patch-classes">
            <thead><tr><th scope="col">Class</th><th scope="col">Truth</th><th scope="col">Prediction</th><th scope="col">Dice here</th></tr></thead>
            <tbody id="patch-classes"></tbody>
          </table>
        </div>
      </section>
      <details id="table" class="panel">
        <summary>All epochs as a table</summary>
        <div class="scroll" tabindex="0" role="region" aria-label="All epochs"><table id="table-rows"></table></div>
      </details>
      <div class="lists">
        <section class="panel">
          <h2>Settings</h2>
          <dl id="settings" class="rows"></dl>
        </section>
        <section class="panel">
          <h2>Memory</h2>
          <dl id="memory" class="rows"></dl>
        </section>
      </div>
    </main>
    <footer>Served by the training itself, to this machine only. Not a medical device.</footer>
    <noscript>This page needs JavaScript.</noscript>
  </body>
</html>
`;
