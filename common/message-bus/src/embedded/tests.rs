use super::*;
use crate::contract::{self, Backend, Place};

struct Folders;

struct Folder {
    folder: tempfile::TempDir,
    small: bool,
}

impl Backend for Folders {
    fn place(&self) -> Box<dyn Place> {
        Box::new(Folder {
            folder: tempfile::tempdir().unwrap(),
            small: false,
        })
    }

    fn small(&self) -> Box<dyn Place> {
        Box::new(Folder {
            folder: tempfile::tempdir().unwrap(),
            small: true,
        })
    }
}

#[async_trait::async_trait]
impl Place for Folder {
    async fn open(&self) -> Result<Arc<dyn Bus>, BusError> {
        let mut options = Options::new(self.folder.path().join("journal"), contract::SHARDS);
        if self.small {
            options.segment_bytes = contract::SMALL_BYTES / 4;
            options.spare_bytes = 0;
            options.limit_bytes = contract::SMALL_BYTES;
        }
        Ok(Journal::open(options, CancellationToken::new())?)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn passes_the_contract() {
    contract::check(&Folders).await.unwrap();
}

#[tokio::test]
async fn passes_the_contract_on_one_thread() {
    contract::check(&Folders).await.unwrap();
}
