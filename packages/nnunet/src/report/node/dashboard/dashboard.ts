/**
 * `--dashboard`: a page that shows a training while it goes. The training tells it what happens; it keeps no copy of the history but reads the one that the
 * checkpoints hold, so that a page that is opened late, or in a run that was resumed, shows all of it. While no page is open, nothing is computed, copied or
 * sent.
 */
import type { Labels } from '@voxelgrad/io';
import type { Device, Triple } from '@voxelgrad/tensor';
import type { SegmentationNetwork } from '../../../networks/unet.ts';
import type { Batch } from '../../../train/batch.ts';
import { type EpochRecord, emptyHistory, type TrainingHistory } from '../../../train/history.ts';
import { LossTrace } from '../../dashboard/loss-trace.ts';
import type {
  Events,
  MemoryState,
  OutlinedClass,
  ProgressState,
  RunEnd,
  RunState,
  Setting,
  Stage,
} from '../../dashboard/messages.ts';
import { type Content, DashboardHttpServer, type Listener } from './http-server.ts';
import { Pace, secondsLeft } from './pace.ts';
import { pageFile } from './page-files.ts';
import { PatchSource } from './patch-source.ts';

/** What is known of a run before it starts. */
export interface DashboardRun {
  readonly title: string;
  readonly labels: Labels;
  readonly channels: readonly string[];
  readonly lossName: string;
  readonly settings: readonly Setting[];
  readonly epochs: number;
  readonly iterationsPerEpoch: number;
  /** Minutes that training may take in all. */
  readonly timeBudget?: number | undefined;
  /** Least time between patches; 4 by default. */
  readonly patchSeconds?: number | undefined;
}

export interface DashboardSource {
  readonly network: SegmentationNetwork;
  readonly device: Device;
  /** Of a voxel, [z, y, x] in mm. */
  readonly spacing: Triple;
  /** The one that training adds to. */
  readonly history: TrainingHistory;
}

const progressMilliseconds = 500;

export class Dashboard {
  readonly #run: DashboardRun;
  readonly #server: DashboardHttpServer;
  #patches: PatchSource | undefined;
  readonly #pace = new Pace();
  #source: DashboardSource | undefined;
  #stage: Stage = 'preparing';
  #cases = { done: 0, total: 0 };
  #lossesTold = 0;
  #toldAt = 0;
  #problem: string | undefined;
  #end: RunEnd | undefined;

  /** Serves the page from now on. Throws 'option' where `port` is not free; undefined finds one that is. */
  static async open(port: number | undefined, run: DashboardRun): Promise<Dashboard> {
    let dashboard: Dashboard | undefined;
    const server = await DashboardHttpServer.open({
      port,
      content: (path, query) => dashboard?.content(path, query),
      onListener: (listener) => dashboard?.welcome(listener),
    });
    dashboard = new Dashboard(run, server);
    return dashboard;
  }

  private constructor(run: DashboardRun, server: DashboardHttpServer) {
    this.#run = run;
    this.#server = server;
  }

  /** Where a browser on this machine finds the page. */
  get address(): string {
    return this.#server.address;
  }

  /** Training begins, or goes on where `history` ends. */
  start(source: DashboardSource): void {
    this.#source = source;
    this.#lossesTold = source.history.losses.length;
    const { labels, patchSeconds } = this.#run;
    this.#patches = new PatchSource({
      spacing: source.spacing,
      regions: labels.regions,
      outlined: outlinedClasses(labels),
      leastSeconds: patchSeconds,
      onPatch: (patch) => this.#send('patch', patch),
      onProblem: (problem) => {
        this.#problem = problem;
        this.#send('problem', problem);
      },
    });
    this.#server.send('run', this.#state());
  }

  /** To be called with each batch before it is trained on. */
  showBatch(batch: Batch): void {
    if (this.#source === undefined || !this.#server.hasListeners) return;
    this.#patches?.offer(batch, this.#source.network, this.#source.history.losses.length);
  }

  iterationDone(): void {
    this.#stage = 'training';
    this.#pace.tick();
    const { losses } = this.#history;
    if (losses.length % this.#run.iterationsPerEpoch === 0) {
      this.#stage = 'validation patches';
      this.#tell();
    } else if (performance.now() - this.#toldAt >= progressMilliseconds) this.#tell();
  }

  epochDone(record: EpochRecord): void {
    this.#stage = 'training';
    this.#pace.pause();
    this.#send('epoch', record);
    this.#tell();
  }

  /** Training is over, and held-out cases are predicted whole. */
  caseDone(done: number, total: number): void {
    this.#stage = 'held-out cases';
    this.#cases = { done, total };
    this.#tell();
  }

  /** Tells the pages how it ended, and serves no longer. They keep what they show. */
  async close(end: RunEnd): Promise<void> {
    this.#end = end;
    this.#tell();
    this.#send('end', end);
    await this.#server.close();
  }

  content(path: string, query: URLSearchParams): Promise<Content | undefined> | Content | undefined {
    if (path !== 'patch') return pageFile(path);
    const body = this.#patches?.bytes(Number(query.get('channel') ?? 0));
    return body && { type: 'application/octet-stream', body };
  }

  welcome(listener: Listener): void {
    // What is sent to all pages goes on from the same place for each of them.
    this.#tell();
    listener.send('run', this.#state());
  }

  get #history(): TrainingHistory {
    return this.#source?.history ?? emptyHistory();
  }

  #tell(): void {
    if (!this.#server.hasListeners) {
      this.#lossesTold = this.#history.losses.length;
      return;
    }
    this.#toldAt = performance.now();
    const losses = this.#history.losses.slice(this.#lossesTold);
    this.#lossesTold += losses.length;
    if (losses.length > 0) this.#send('losses', losses);
    this.#send('progress', this.#progress());
  }

  #send<Name extends keyof Events>(event: Name, data: Events[Name]): void {
    this.#server.send(event, data);
  }

  #state(): RunState {
    const { title, labels, channels, lossName, settings, epochs, iterationsPerEpoch } = this.#run;
    const trace = new LossTrace();
    trace.add(this.#history.losses);
    return {
      title,
      classes: labels.classes.map(({ name }) => name),
      channels,
      lossName,
      settings,
      epochs,
      iterationsPerEpoch,
      records: this.#history.epochs,
      losses: trace.points,
      lossesPerPoint: trace.perPoint,
      latestLosses: trace.pending,
      progress: this.#progress(),
      patch: this.#patches?.notice,
      problem: this.#problem,
      end: this.#end,
    };
  }

  #progress(): ProgressState {
    const { epochs, iterationsPerEpoch, timeBudget } = this.#run;
    const { losses, epochs: records } = this.#history;
    const { rate } = this.#pace;
    const left = secondsLeft({
      records,
      iterations: losses.length,
      iterationsPerEpoch,
      epochs,
      rate,
      budget: timeBudget === undefined ? undefined : 60 * timeBudget,
    });
    const counts =
      this.#stage === 'held-out cases' ? this.#cases : { done: losses.length, total: epochs * iterationsPerEpoch };
    return { stage: this.#stage, ...counts, rate, secondsLeft: left, memory: this.#memory() };
  }

  #memory(): MemoryState | undefined {
    if (this.#source === undefined) return undefined;
    const { device } = this.#source;
    const { usedBytes: used, peakBytes: peak, reservedBytes: reserved } = device.memory();
    const name = `${device.kind} (${device.description})`;
    return { device: name, used, peak, reserved, program: process.memoryUsage.rss() };
  }
}

/** What is not annotated is no class of the network, but one sees it in the truth. */
function outlinedClasses({ classes, regions, ignore }: Labels): OutlinedClass[] {
  const all = classes.map(({ name, values }, i) => ({ name, value: regions ? 2 ** i : values[0]! }));
  const ignored = { name: 'not annotated', value: regions ? 2 ** classes.length : ignore! };
  return ignore === undefined ? all : [...all, ignored];
}
