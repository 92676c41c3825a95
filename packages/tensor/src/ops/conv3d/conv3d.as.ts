/** The commands of the convolution on the cpu device; what else the files here export is shared between them only. */
export { conv3dDirect } from './conv3d-direct.as';
export { conv3dFewChannels } from './conv3d-few.as';
export { conv3dFewChannelsGradient } from './conv3d-few-gradient.as';
export { conv3dPackWeights } from './conv3d-pack.as';
export { conv3dPadWidth } from './conv3d-pad-width.as';
export { conv3dStrided, conv3dStridedGradientPart } from './conv3d-strided.as';
export { conv3dSumParts, conv3dWeightGradient } from './conv3d-weight-gradient.as';
export { conv3dWinograd, conv3dWinogradInput, conv3dWinogradOutput, conv3dWinogradProduct } from './conv3d-winograd.as';
export {
  conv3dWinogradGradientInput,
  conv3dWinogradGradientPart,
  conv3dWinogradGradientSquare,
} from './conv3d-winograd-gradient.as';
export { conv3dWinogradWeights } from './conv3d-winograd-weights.as';
