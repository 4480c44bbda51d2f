import type { Ref, ShallowRef } from 'vue'
import { useElementSize } from './use-element-size'

/**
 * The width of an element inside its borders and scroll bar, in pixels; 0 while it is not there.
 */
export function useElementWidth(element: Readonly<ShallowRef<HTMLElement | null>>): Ref<number> {
  return useElementSize(element).width
}
