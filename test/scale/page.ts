/** The parts of docs/SCALE.md that are worked out, between their marks. */

export type ReportName = 'limits' | 'bills';

const begin = (name: ReportName): string => `<!-- ${name}: npm run scale -- --write -->`;
const end = (name: ReportName): string => `<!-- end of ${name} -->`;

export function reportIn(page: string, name: ReportName): string {
  const [from, to] = [page.indexOf(begin(name)), page.indexOf(end(name))];
  if (from < 0 || to < from) throw new Error(`the page has no marks for its ${name}`);
  return page.slice(from + begin(name).length, to);
}

export function withReports(page: string, reports: Readonly<Record<ReportName, string>>): string {
  let text = page;
  for (const [name, report] of Object.entries(reports) as [ReportName, string][])
    text = text.replace(
      `${begin(name)}${reportIn(text, name)}${end(name)}`,
      () => `${begin(name)}\n\n${report}\n\n${end(name)}`,
    );
  return text;
}
