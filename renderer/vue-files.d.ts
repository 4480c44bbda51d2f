// For tools that do not read single-file components, such as the linter; vue-tsc reads the files.
declare module '*.vue' {
  import type { DefineComponent } from 'vue'

  const component: DefineComponent
  export default component
}
