import { createPinia } from 'pinia'
import { createApp } from 'vue'
import App from './app.vue'
import { i18n } from './locales'
import './ui/tokens.css'
import './ui/base.css'
import './ui/controls.css'
import './ui/contrast.css'

createApp(App).use(createPinia()).use(i18n).mount('#app')
