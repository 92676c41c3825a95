/**
 * A module is an object whose fields are parameters, modules, or arrays of modules. Names follow the fields (`encoder.stages.0.conv.weight`), and
 * the order is that of the fields, so a class that declares its fields as PyTorch's does has PyTorch's state dict.
 */
import { Tensor } from '@voxelgrad/tensor';

export abstract class Module {
  /** All parameters with their names, each once. */
  namedParameters(): [name: string, parameter: Tensor][] {
    const found: [string, Tensor][] = [];
    const seen = new Set<unknown>();
    const visit = (value: unknown, path: string): void => {
      if (seen.has(value)) return;
      if (value instanceof Tensor) {
        seen.add(value);
        if (value.requiresGradient) found.push([path, value]);
      } else if (value instanceof Module || Array.isArray(value)) {
        seen.add(value);
        for (const [key, child] of Object.entries(value)) visit(child, path === '' ? key : `${path}.${key}`);
      }
    };
    visit(this, '');
    return found;
  }

  parameters(): Tensor[] {
    return this.namedParameters().map(([, parameter]) => parameter);
  }

  /** Numbers that are learnt. */
  get parameterCount(): number {
    return this.parameters().reduce((count, parameter) => count + parameter.size, 0);
  }

  dispose(): void {
    for (const parameter of this.parameters()) parameter.dispose();
  }
}
