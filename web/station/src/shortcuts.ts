// Keys of the console. A key pressed in a dialog belongs to the dialog; letters typed into a field
// are letters.
import { onBeforeUnmount, onMounted } from "vue";

export type Shortcuts = Readonly<Record<string, () => void>>;

const IN_FIELDS = /^(F\d+|Escape)$/;

export function useShortcuts(shortcuts: Shortcuts): void {
  function pressed(event: KeyboardEvent): void {
    const run = shortcuts[event.key];
    if (!run || event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return;
    const target = event.target as HTMLElement;
    if (target.closest(".el-dialog") || document.querySelector(".el-overlay:not([style*='none'])")) return;
    if (target.closest("input, textarea, select, [role='combobox']") && !IN_FIELDS.test(event.key)) return;
    event.preventDefault();
    run();
  }
  onMounted(() => window.addEventListener("keydown", pressed));
  onBeforeUnmount(() => window.removeEventListener("keydown", pressed));
}
