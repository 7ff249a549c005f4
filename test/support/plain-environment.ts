/**
 * The realm of a test file with an ordinary global object. Jest's own environment makes one that asks a proxy at every use of
 * `Math`, `Uint8Array` or `Promise`, which takes as long as two hundred additions: of the tests that reckon, half of their time.
 * Apart from that it is as Jest's is, whose constructor has no option for it: hence the detour.
 */
import vm from 'node:vm';
import { TestEnvironment } from 'jest-environment-node';

const { createContext } = vm;

export default class PlainEnvironment extends TestEnvironment {
  constructor(...given: ConstructorParameters<typeof TestEnvironment>) {
    vm.createContext = () => createContext(vm.constants.DONT_CONTEXTIFY);
    try {
      super(...given);
    } finally {
      vm.createContext = createContext;
    }
    // Else a later Jest would make all tests slow again, and none would fail.
    if (this.getVmContext() !== this.global)
      throw new Error('the global object of tests is not an ordinary one');
  }
}
