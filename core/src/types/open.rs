/// Declares a newtype over text: known values are constants, and unknown ones are kept.
macro_rules! open_set {
    (
        $(#[$outer:meta])*
        pub struct $name:ident {
            $( $(#[$inner:meta])* $constant:ident = $text:literal $(| $alias:literal)*, )*
        }
    ) => {
        $(#[$outer])*
        ///
        /// An open set: the constants are the values that the vendor documents, and any other text is kept unchanged.
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
        #[serde(transparent)]
        pub struct $name(alloc::borrow::Cow<'static, str>);

        impl $name {
            $( $(#[$inner])* pub const $constant: Self = Self(alloc::borrow::Cow::Borrowed($text)); )*

            /// Every value that the vendor documents.
            pub const KNOWN: &'static [Self] = &[$(Self::$constant),*];

            /// The value with this text, documented or not.
            pub fn new(text: impl Into<alloc::borrow::Cow<'static, str>>) -> Self {
                let text = text.into();
                Self::known(&text).unwrap_or(Self(text))
            }

            /// The documented value that has this spelling.
            fn known(text: &str) -> Option<Self> {
                match text {
                    $( $text $(| $alias)* => Some(Self::$constant), )*
                    _ => None,
                }
            }

            /// The text as the service writes it.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Whether the vendor documents this value.
            pub fn is_known(&self) -> bool {
                Self::KNOWN.contains(self)
            }
        }

        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                core::fmt::Debug::fmt(self.as_str(), f)
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.pad(self.as_str())
            }
        }

        $crate::types::lenient::read_as_scalars!($name);

        impl $crate::types::lenient::FromScalar for $name {
            const EXPECTED: &'static str = "a text";
            const WHOLE_FLOATS: bool = true;

            fn from_text(text: &str) -> Result<Self, $crate::Invalid> {
                // Documented values, which most are, need no allocation.
                Ok(Self::known(text).unwrap_or_else(|| Self(alloc::borrow::Cow::Owned(text.into()))))
            }
        }
    };
}

pub(crate) use open_set;

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use crate::billing::PayType;

    #[test]
    fn an_unknown_text_survives_a_round_trip() {
        let json = r#"["deduct","ultraviolet",7]"#;
        let kinds: Vec<PayType> = serde_json::from_str(json).unwrap();
        assert_eq!(
            kinds,
            [
                PayType::DEDUCT,
                PayType::new("ultraviolet"),
                PayType::new("7")
            ]
        );
        assert!(kinds[0].is_known() && !kinds[1].is_known());
        assert_eq!(
            serde_json::to_string(&kinds).unwrap(),
            r#"["deduct","ultraviolet","7"]"#
        );
    }
}
