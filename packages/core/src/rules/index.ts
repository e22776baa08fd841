/** Registers every gradient rule. */
import './binary.ts';
import './cast.ts';
import './elementwise.ts';
import './elementwise-activation.ts';
import './elementwise-trigonometric.ts';
import './matmul.ts';
import './matmul-fused.ts';
import './not-differentiable.ts';
import './reduce.ts';
import './reduce-softmax.ts';
import './select.ts';
import './shape.ts';
import './shape-block.ts';
import './shape-pad.ts';
import './shape-slice.ts';
