//! Identifiers: opaque to clients, UUIDv7 inside, so that they sort by time of creation.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String))]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    };
}

id!(
    /// An account; whatever belongs to another one does not exist for it.
    UserId
);
id!(
    /// An API key (not the secret itself).
    KeyId
);
id!(
    /// A template, the same over all of its versions.
    TemplateId
);
id!(
    /// An uploaded document.
    DocumentId
);
id!(
    /// A batch.
    BatchId
);
id!(
    /// One document run through one template: the job and its result.
    ExtractionId
);
id!(
    /// A webhook.
    WebhookId
);
id!(
    /// One event on its way to one webhook.
    DeliveryId
);
id!(
    /// A field of an extraction that somebody should look at, or has.
    ReviewId
);
id!(
    /// What a correction taught.
    LessonId
);
