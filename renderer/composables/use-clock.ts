import { onScopeDispose, readonly, ref, type DeepReadonly, type Ref } from 'vue'

/** The time, milliseconds since 1970, moving on once a second while the caller lives. */
export function useClock(): DeepReadonly<Ref<number>> {
  const now = ref(Date.now())
  const timer = setInterval(() => {
    now.value = Date.now()
  }, 1000)
  onScopeDispose(() => clearInterval(timer))
  return readonly(now)
}
