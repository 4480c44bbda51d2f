import { onScopeDispose, ref, watch, type Ref, type ShallowRef } from 'vue'

/**
 * The width of an element inside its borders and scroll bar, in pixels; 0 while it is not there.
 */
export function useElementWidth(element: Readonly<ShallowRef<HTMLElement | null>>): Ref<number> {
  const width = ref(0)
  const observer = new ResizeObserver((entries) => {
    width.value = entries[0]?.contentRect.width ?? 0
  })
  watch(element, (now, before) => {
    if (before) observer.unobserve(before)
    if (now) {
      width.value = now.clientWidth
      observer.observe(now)
    }
  })
  onScopeDispose(() => observer.disconnect())
  return width
}
