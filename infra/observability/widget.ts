/** Widgets as data, and what CloudWatch takes a dashboard of them for. */
import type { Query } from '../../shared/cost/metric-query.ts';

/** CloudWatch's grid. */
const COLUMNS = 24;
const TEXT_HEIGHT = 3;

export interface Widget {
  /** Unique on its dashboard; docs/DASHBOARDS.md and its picture have the same. */
  readonly id: string;
  readonly title: string;
  /** What it tells, and what to do about it: for docs/DASHBOARDS.md. */
  readonly tells: string;
  readonly view: 'lines' | 'stacked' | 'bars' | 'numbers';
  readonly queries: readonly Query[];
  readonly periodSeconds: number;
  readonly unit: string;
  /** Of the grid's 24 columns. */
  readonly width: 6 | 8 | 12 | 24;
  readonly height?: number;
  /** A line across: the threshold of an alarm. */
  readonly mark?: { readonly label: string; readonly value: number };
}

export interface DashboardPlan {
  readonly name: string;
  /** In Markdown, above the widgets. */
  readonly text: string;
  readonly widgets: readonly Widget[];
}

/** The body of a dashboard ("Dashboard Body Structure and Syntax", CloudWatch API reference). */
export function dashboardBody({ text, widgets }: DashboardPlan, region: string): object {
  let [x, y, rowHeight] = [0, TEXT_HEIGHT, 0];
  const placed = widgets.map((widget) => {
    const { width, height = 6 } = widget;
    if (x + width > COLUMNS) [x, y, rowHeight] = [0, y + rowHeight, 0];
    const body = { type: 'metric', x, y, width, height, properties: properties(widget, region) };
    x += width;
    rowHeight = Math.max(rowHeight, height);
    return body;
  });
  const head = {
    type: 'text',
    x: 0,
    y: 0,
    width: COLUMNS,
    height: TEXT_HEIGHT,
    properties: { markdown: text },
  };
  return { start: '-P1D', periodOverride: 'inherit', widgets: [head, ...placed] };
}

const VIEWS = {
  lines: { view: 'timeSeries', stacked: false },
  stacked: { view: 'timeSeries', stacked: true },
  bars: { view: 'bar', stacked: true },
  numbers: { view: 'singleValue', sparkline: true },
} as const;

function properties(widget: Widget, region: string): object {
  const { title, view, queries, periodSeconds, unit, mark } = widget;
  return {
    title,
    ...VIEWS[view],
    // Days are looked at over weeks.
    ...(periodSeconds >= 86_400 && view !== 'numbers'
      ? { view: 'timeSeries', start: '-P28D', end: 'P0D' }
      : {}),
    region,
    period: periodSeconds,
    metrics: queries.map((query) => metricRow(query)),
    yAxis: { left: { min: 0, label: unit, showUnits: false } },
    ...(mark ? { annotations: { horizontal: [{ label: mark.label, value: mark.value }] } } : {}),
  };
}

function metricRow(query: Query): readonly unknown[] {
  const { id, label, hidden } = query;
  const options = {
    id,
    ...(label === undefined ? {} : { label }),
    ...(hidden === true ? { visible: false } : {}),
  };
  if ('expression' in query) return [{ expression: query.expression, ...options }];
  const { namespace, name, dimensions, stat } = query.metric;
  return [namespace, name, ...Object.entries(dimensions).flat(), { ...options, stat }];
}
