import { onScopeDispose, ref, watch, type Ref, type ShallowRef } from 'vue'

/** The room inside an element's borders and scroll bars, in pixels; 0 while it is not there. */
export function useElementSize(element: Readonly<ShallowRef<HTMLElement | null>>): {
  readonly width: Ref<number>
  readonly height: Ref<number>
} {
  const width = ref(0)
  const height = ref(0)
  const observer = new ResizeObserver((entries) => {
    width.value = entries[0]?.contentRect.width ?? 0
    height.value = entries[0]?.contentRect.height ?? 0
  })
  watch(element, (now, before) => {
    if (before) observer.unobserve(before)
    if (now) {
      width.value = now.clientWidth
      height.value = now.clientHeight
      observer.observe(now)
    }
  })
  onScopeDispose(() => observer.disconnect())
  return { width, height }
}
