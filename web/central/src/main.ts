import { createApp } from "vue";
import "@shared/styles/base.css";
import "@shared/styles/light.css";
import "./element";
import { zh } from "@shared/i18n/zh-CN";
import App from "./App.vue";

document.title = zh.app.central;
createApp(App).mount("#app");
