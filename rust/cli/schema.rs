//! The options that name somebody's own schema.

use std::path::PathBuf;

use clap::Args;
use wirecheck_core::plan::schema::Schema;

use super::Result;
use crate::schema::SchemaFiles;

/// Where the schema of the services is.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Schema")]
pub struct SchemaArguments {
    /// A .proto file of the services, or a folder of them; can be given several times.
    #[arg(long = "proto", value_name = "FILE")]
    pub protos: Vec<PathBuf>,
    /// A folder that imports are relative to [default: follows from the packages of the files].
    #[arg(long = "import-path", value_name = "DIR")]
    pub import_paths: Vec<PathBuf>,
    /// A descriptor set of the services, as protoc and buf write it, with all imports.
    #[arg(long = "descriptor-set", value_name = "FILE")]
    pub descriptor_sets: Vec<PathBuf>,
}

impl SchemaArguments {
    /// The files that were named.
    pub fn files(&self) -> SchemaFiles {
        SchemaFiles {
            protos: self.protos.clone(),
            import_paths: self.import_paths.clone(),
            descriptor_sets: self.descriptor_sets.clone(),
        }
    }

    /// The schema, if one was named.
    pub fn load(&self) -> Result<Option<Schema>> {
        let files = self.files();
        if files.is_empty() {
            return Ok(None);
        }
        Ok(Some(files.load()?))
    }
}
