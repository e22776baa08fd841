import { notDifferentiable } from './registry.ts';

/** Piecewise constant: the derivative is 0 wherever there is one. (tfjs gives FloorDiv that of a true division.) */
notDifferentiable('Ceil', 'Floor', 'FloorDiv', 'Round', 'Sign', 'Step');

notDifferentiable('Equal', 'NotEqual', 'Greater', 'GreaterEqual', 'Less', 'LessEqual');
notDifferentiable('LogicalAnd', 'LogicalNot', 'LogicalOr', 'LogicalXor', 'BitwiseAnd', 'All', 'Any');
notDifferentiable('IsFinite', 'IsInf', 'IsNan');

/** Indices and counts. */
notDifferentiable('ArgMax', 'ArgMin', 'OneHot', 'SearchSorted', 'LowerBound', 'UpperBound');
notDifferentiable('NonMaxSuppressionV3', 'NonMaxSuppressionV4', 'Multinomial');

/** Constants that only look at a shape. */
notDifferentiable('OnesLike', 'ZerosLike', 'Fill', 'Range', 'LinSpace');
