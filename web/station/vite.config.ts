import { resolve } from "node:path";
import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vite";

// The server to develop against: see web/README.md.
const server = process.env["ZHICHAO_SERVER"] ?? "http://127.0.0.1:8101";

export default defineConfig({
  plugins: [vue()],
  resolve: { alias: { "@shared": resolve(import.meta.dirname, "../shared/src") } },
  build: {
    outDir: "../../station/api/static",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    rolldownOptions: { checks: { pluginTimings: false } },
  },
  server: {
    host: "127.0.0.1",
    // The server takes requests from its own page only: the proxy states the target as origin.
    proxy: { "/api": { target: server, ws: true, changeOrigin: true, headers: { origin: server } } },
  },
});
