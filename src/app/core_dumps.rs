//! No memory of this program on a disk: a core dump would hold keys, the passphrase and orders in the clear.

/// Has the system write no core dump of this program, nor of those it starts. Where the system hands dumps to a program of
/// its own instead of writing a file, that program decides.
pub fn forbid_core_dumps() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let none = Rlimit { current: Some(0), maximum: Some(0) };
        if let Err(error) = setrlimit(Resource::Core, none) {
            tracing::warn!(%error, "core dumps cannot be forbidden");
        }
    }
}
