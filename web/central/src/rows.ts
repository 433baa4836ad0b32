// One row of a table holds the focus; arrows move it, Home and End go to the ends.
export function moveRow(event: KeyboardEvent): void {
  const row = (event.target as HTMLElement).closest("tr");
  const body = row?.parentElement;
  if (!row || !body) return;
  const rows = [...body.children] as HTMLElement[];
  const at = rows.indexOf(row);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
  const next = to === undefined ? undefined : rows[to];
  if (!next) return;
  event.preventDefault();
  row.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}
