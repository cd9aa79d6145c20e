//! What is wrong with a checkpoint: a message, and what led to it.

use std::fmt;

/// Why a checkpoint is not read. [`Display`](fmt::Display) tells what was attempted; with `#`, as in
/// `{:#}`, everything that led to it, too.
#[derive(Debug)]
pub struct Failure {
    message: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// Result with a [`Failure`].
pub type Result<T, E = Failure> = std::result::Result<T, E>;

impl Failure {
    /// With this message.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            source: None,
        }
    }

    fn above(message: String, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self {
            message,
            source: Some(Box::new(source)),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        let mut source = std::error::Error::source(self).filter(|_| f.alternate());
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        let source = self.source.as_deref()?;
        Some(source)
    }
}

impl From<crate::Error> for Failure {
    fn from(error: crate::Error) -> Self {
        match error {
            crate::Error::Checkpoint(failure) => failure,
            error => Self::new(error.to_string()),
        }
    }
}

/// Says what was attempted.
pub(super) trait Context<T> {
    /// With this message.
    fn context(self, message: impl Into<String>) -> Result<T>;

    /// With this message, which is made only if it is needed.
    fn with_context<M: Into<String>>(self, message: impl FnOnce() -> M) -> Result<T>;
}

impl<T, E: std::error::Error + Send + Sync + 'static> Context<T> for Result<T, E> {
    fn context(self, message: impl Into<String>) -> Result<T> {
        self.map_err(|error| Failure::above(message.into(), error))
    }

    fn with_context<M: Into<String>>(self, message: impl FnOnce() -> M) -> Result<T> {
        self.map_err(|error| Failure::above(message().into(), error))
    }
}

impl<T> Context<T> for Option<T> {
    fn context(self, message: impl Into<String>) -> Result<T> {
        self.ok_or_else(|| Failure::new(message))
    }

    fn with_context<M: Into<String>>(self, message: impl FnOnce() -> M) -> Result<T> {
        self.ok_or_else(|| Failure::new(message()))
    }
}

/// Returns with a failure.
macro_rules! bail {
    ($($message:tt)*) => {
        return Err($crate::checkpoint::Failure::new(format!($($message)*)))
    };
}

/// Returns with a failure unless a condition holds.
macro_rules! ensure {
    ($condition:expr, $($message:tt)*) => {
        if !$condition {
            $crate::checkpoint::failure::bail!($($message)*)
        }
    };
}

pub(super) use {bail, ensure};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_led_to_it_is_told_where_that_is_asked_for() {
        let inner: Result<()> = Err(Failure::new("cut short"));
        let error = inner.context("a.weight").context("file.pth").unwrap_err();
        assert_eq!(error.to_string(), "file.pth");
        assert_eq!(format!("{error:#}"), "file.pth: a.weight: cut short");
        let error = crate::Error::from(error);
        assert_eq!(format!("{error:#}"), "file.pth: a.weight: cut short");
        let none = None::<()>.with_context(|| "nothing").unwrap_err();
        assert_eq!(format!("{none:#}"), "nothing");
    }
}
