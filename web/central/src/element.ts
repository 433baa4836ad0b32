// Styles of the Element Plus components that this page imports, and of no others.
import "element-plus/es/components/button/style/css";
import "element-plus/es/components/config-provider/style/css";
import "element-plus/es/components/dialog/style/css";
import "element-plus/es/components/input/style/css";
