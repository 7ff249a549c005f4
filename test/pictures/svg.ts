/** A chart as SVG: what a dashboard would draw of a widget's lines, in a few kilobytes. */
import type { Widget } from '../../infra/observability/widget.ts';
import type { Series } from '../support/metric-math.ts';

export interface DrawnLine {
  readonly label: string;
  readonly values: Series;
}

const WIDTH = 720;
const HEIGHT = 240;
const PLOT = { left: 52, right: 500, top: 34, bottom: 212 } as const;
const LEGEND_X = 516;
/** Told apart by most people, those who see fewer colours included. */
const COLOURS = [
  '#0072b2',
  '#e69f00',
  '#009e73',
  '#cc79a7',
  '#56b4e9',
  '#d55e00',
  '#7a7a7a',
  '#5b3a8c',
  '#8c6d31',
  '#1b9e9e',
  '#a6a600',
];

/** `hours`: how much time the lines cover. */
export function chartSvg(widget: Widget, lines: readonly DrawnLine[], hours: number): string {
  const body = widget.view === 'numbers' ? numbers(lines) : plot(widget, lines, hours);
  const height = widget.view === 'numbers' ? numbersHeight(lines) : HEIGHT;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" font-family="sans-serif" font-size="11">`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    `<text x="8" y="18" font-size="13" font-weight="bold">${escaped(widget.title)}</text>`,
    ...body,
    '</svg>',
    '',
  ].join('\n');
}

function plot(widget: Widget, lines: readonly DrawnLine[], hours: number): string[] {
  const stacked = widget.view === 'stacked';
  const tops = stacked ? stackTops(lines) : lines.map(({ values }) => values);
  const highest = Math.max(
    (widget.mark?.value ?? 0) * 1.1,
    ...tops.flatMap((values) => values.filter((value) => value !== undefined)),
  );
  const top = niceTop(highest);
  const points = lines[0]?.values.length ?? 0;
  const x = (point: number): number =>
    Math.round(PLOT.left + ((PLOT.right - PLOT.left) * point) / Math.max(1, points - 1));
  const y = (value: number): number =>
    Math.round((PLOT.bottom - ((PLOT.bottom - PLOT.top) * value) / top) * 10) / 10;
  return [
    ...grid(top, y, widget.unit),
    ...timeAxis(hours),
    ...(stacked ? areas(tops, x, y) : lines.map(({ values }, index) => path(values, colour(index), x, y))),
    ...mark(widget, y),
    ...legend(lines),
  ];
}

function stackTops(lines: readonly DrawnLine[]): Series[] {
  let below: number[] = (lines[0]?.values ?? []).map(() => 0);
  return lines.map(({ values }) => (below = below.map((sum, point) => sum + (values[point] ?? 0))));
}

function areas(
  tops: readonly Series[],
  x: (point: number) => number,
  y: (value: number) => number,
): string[] {
  return tops.map((values, index) => {
    const below = tops[index - 1] ?? values.map(() => 0);
    const there = values.map((value, point) => `${x(point)},${y(value ?? 0)}`);
    const back = below.map((value, point) => `${x(point)},${y(value ?? 0)}`).reverse();
    return `<polygon fill="${colour(index)}" points="${[...there, ...back].join(' ')}"/>`;
  });
}

/** Interrupted where there is no value. */
function path(
  values: Series,
  stroke: string,
  x: (point: number) => number,
  y: (value: number) => number,
): string {
  let pen = 'M';
  let data = '';
  for (const [point, value] of values.entries()) {
    if (value === undefined) {
      pen = 'M';
      continue;
    }
    data += `${pen}${x(point)} ${y(value)}`;
    pen = 'L';
  }
  return `<path fill="none" stroke="${stroke}" stroke-width="1.6" d="${data}"/>`;
}

function grid(top: number, y: (value: number) => number, unit: string): string[] {
  const steps = [0, 0.25, 0.5, 0.75, 1].map((share) => share * top);
  return [
    ...steps.flatMap((value) => [
      `<path stroke="#ddd" d="M${PLOT.left} ${y(value)}H${PLOT.right}"/>`,
      `<text x="${PLOT.left - 5}" y="${y(value) + 4}" text-anchor="end" fill="#555">${short(value)}</text>`,
    ]),
    `<text x="${PLOT.right}" y="18" text-anchor="end" fill="#555">${escaped(unit)}</text>`,
  ];
}

function timeAxis(hours: number): string[] {
  const labels =
    hours > 72
      ? [0, 7, 14, 21, 28].map((day) => [day * 24, `day ${day}`] as const)
      : [0, 6, 12, 18, 24, 30, 36, 42, 48].map((hour) => [hour, `${hour % 24}:00`] as const);
  return labels
    .filter(([hour]) => hour <= hours)
    .map(([hour, label]) => {
      const x = Math.round(PLOT.left + ((PLOT.right - PLOT.left) * hour) / hours);
      return `<text x="${x}" y="${PLOT.bottom + 16}" text-anchor="middle" fill="#555">${label}</text>`;
    });
}

function mark({ mark }: Widget, y: (value: number) => number): string[] {
  if (!mark) return [];
  return [
    `<path stroke="#c00" stroke-dasharray="5 4" d="M${PLOT.left} ${y(mark.value)}H${PLOT.right}"/>`,
    `<text x="${PLOT.right - 4}" y="${y(mark.value) - 4}" text-anchor="end" fill="#c00">${escaped(mark.label)}</text>`,
  ];
}

/** Each line with its last value. */
function legend(lines: readonly DrawnLine[]): string[] {
  const gap = Math.min(20, (HEIGHT - PLOT.top) / lines.length);
  return lines.flatMap(({ label, values }, index) => {
    const y = PLOT.top + 8 + index * gap;
    const last = values.findLast((value) => value !== undefined);
    return [
      `<rect x="${LEGEND_X}" y="${y - 8}" width="10" height="10" fill="${colour(index)}"/>`,
      `<text x="${LEGEND_X + 15}" y="${y + 1}">${escaped(label)}</text>`,
      `<text x="${WIDTH - 6}" y="${y + 1}" text-anchor="end" fill="#555">${last === undefined ? '–' : short(last)}</text>`,
    ];
  });
}

const PER_ROW = 6;

function numbersHeight(lines: readonly DrawnLine[]): number {
  return 40 + Math.ceil(lines.length / PER_ROW) * 50;
}

function numbers(lines: readonly DrawnLine[]): string[] {
  return lines.flatMap(({ label, values }, index) => {
    const x = 14 + (index % PER_ROW) * 118;
    const y = 60 + Math.floor(index / PER_ROW) * 50;
    const last = values.findLast((value) => value !== undefined) ?? 0;
    return [
      `<text x="${x}" y="${y}" font-size="18">${last.toFixed(2)}</text>`,
      `<text x="${x}" y="${y + 16}" fill="#555">${escaped(label)}</text>`,
    ];
  });
}

function colour(index: number): string {
  return COLOURS[index % COLOURS.length] ?? '#000';
}

function niceTop(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].find((step) => step * power >= value) ?? 10) * power;
}

function short(value: number): string {
  if (value === 0) return '0';
  if (value >= 1_000_000) return `${Number((value / 1_000_000).toPrecision(3))}M`;
  if (value >= 10_000) return `${Number((value / 1_000).toPrecision(3))}k`;
  return String(Number(value.toPrecision(3)));
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
