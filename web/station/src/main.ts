import { createApp } from "vue";
import "element-plus/theme-chalk/dark/css-vars.css";
import "@shared/styles/base.css";
import "@shared/styles/dark.css";
import "./element";
import { zh } from "@shared/i18n/zh-CN";
import App from "./App.vue";

document.documentElement.classList.add("dark");
document.title = zh.app.station;
createApp(App).mount("#app");
