#!/usr/bin/env bash
# build.sh FOLDER: compiles the layer into FOLDER, with the manifest by which the Vulkan loader finds it (VK_LAYER_PATH=FOLDER).
# Needs gcc and Vulkan's headers (Debian: libvulkan-dev).
set -euo pipefail
sources=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
target=${1:?the folder to build into}
mkdir -p "$target"
gcc -std=c11 -O2 -Wall -Wextra -Wno-cast-function-type -fPIC -fvisibility=hidden -shared \
  "$sources/no_gpu_layer.c" -o "$target/libno_gpu_layer.so"
cat > "$target/no_gpu_layer.json" <<'JSON'
{
  "file_format_version": "1.1.2",
  "layer": {
    "name": "VK_LAYER_VOXELGRAD_no_gpu",
    "description": "Lets Dawn run on software drivers and compile for absent GPUs",
    "type": "GLOBAL",
    "library_path": "./libno_gpu_layer.so",
    "api_version": "1.3.239",
    "implementation_version": "1"
  }
}
JSON
