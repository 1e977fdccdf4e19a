//! Estimators and optimisers: the native network, differentiated by hand, over kernels for this machine.

mod adam;
mod elementwise;
mod gather;
mod gemm;
mod guided;
pub mod measure;
mod mlp;
mod panels;
mod pool;
mod softmax;
mod tabular;
mod transpose;
mod vec16;

pub use adam::{Adam, norm};
pub use guided::Guided;
pub use mlp::{Activation, Mlp, MlpConfig};
pub use panels::fetch;
pub use pool::Pool;
pub use softmax::{Softmax, masked_softmax};
pub use tabular::Tabular;
pub use vec16::Isa;

#[cfg(test)]
mod tests;
