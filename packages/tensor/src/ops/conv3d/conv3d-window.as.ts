/** The window of a convolution, as the kernels for every geometry are told of it first (`geometryWords`). */
@unmanaged
export class Window {
  kernelDepth: i32;
  kernelHeight: i32;
  kernelWidth: i32;
  strideDepth: i32;
  strideHeight: i32;
  strideWidth: i32;
  paddingDepth: i32;
  paddingHeight: i32;
  paddingWidth: i32;
  dilationDepth: i32;
  dilationHeight: i32;
  dilationWidth: i32;
}
