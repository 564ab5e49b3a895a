-- A store as the release with schema version 2 wrote it; v2.jsonl is that release's own export of it.
PRAGMA application_id = 1380142668;
PRAGMA user_version = 2;
BEGIN TRANSACTION;
CREATE TABLE accounts (name TEXT NOT NULL PRIMARY KEY, provider TEXT NOT NULL, tenant TEXT);
INSERT INTO "accounts" VALUES('adatum','ledger',NULL);
INSERT INTO "accounts" VALUES('contoso','partner','0f8f');
CREATE TABLE holder (
                one INTEGER PRIMARY KEY DEFAULT 1 CHECK (one = 1),
                pid INTEGER NOT NULL, host TEXT NOT NULL, since TEXT NOT NULL, actor TEXT NOT NULL, ci_run TEXT
            );
CREATE TABLE journal (
                number INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES runs (number), serial INTEGER,
                at TEXT NOT NULL, operation_id TEXT NOT NULL, closes INTEGER REFERENCES journal (number),
                account TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL, outcome TEXT NOT NULL,
                previous TEXT, external_id TEXT, before_values TEXT NOT NULL, after_values TEXT NOT NULL,
                reason TEXT, error TEXT,
                source_file TEXT NOT NULL, source_line INTEGER NOT NULL, source_column INTEGER NOT NULL
            , happened_at TEXT, risk TEXT, reversible_until TEXT, value_minor INTEGER, value_currency TEXT);
INSERT INTO "journal" VALUES(1,1,1,'2026-11-23T12:00:00Z','op:adatum/premium',NULL,'adatum','premium','register','succeeded',NULL,NULL,'{}','{"billing":"annual","cancellation":"none","product":"CFQ7TTC0HD32","recurring":"on","start":"2026-03-01","term":"annual"}',NULL,NULL,'specs/contoso.yaml',3,5,NULL,'reversible',NULL,NULL,NULL);
INSERT INTO "journal" VALUES(2,1,1,'2026-11-23T12:00:00Z','op:contoso/old:register',NULL,'contoso','old','register','succeeded',NULL,NULL,'{}','{"billing":"annual","cancellation":"none","product":"CFQ7TTC0HD32","recurring":"on","start":"2026-03-01","term":"annual"}',NULL,NULL,'specs/contoso.yaml',3,5,NULL,'reversible',NULL,NULL,NULL);
INSERT INTO "journal" VALUES(3,1,1,'2026-11-23T12:00:00Z','op:contoso/gone:register',NULL,'contoso','gone','register','succeeded',NULL,NULL,'{}','{"billing":"annual","cancellation":"none","product":"CFQ7TTC0HD32","recurring":"on","start":"2026-03-01","term":"annual"}',NULL,NULL,'specs/contoso.yaml',3,5,NULL,'reversible',NULL,NULL,NULL);
INSERT INTO "journal" VALUES(4,1,1,'2026-11-23T12:00:00Z','op:contoso/kept:register',NULL,'contoso','kept','register','succeeded',NULL,NULL,'{}','{"billing":"annual","cancellation":"none","product":"CFQ7TTC0HD32","recurring":"on","start":"2026-03-01","term":"annual"}',NULL,NULL,'specs/contoso.yaml',3,5,NULL,'reversible',NULL,NULL,NULL);
INSERT INTO "journal" VALUES(5,2,NULL,'2026-11-23T13:00:00Z','op:contoso/kept:cancel-at-renewal',NULL,'contoso','kept','cancel-at-renewal','intended',NULL,NULL,'{"cancellation":"none","recurring":"on"}','{"cancellation":"at-renewal","recurring":"off"}','not needed',NULL,'specs/contoso.yaml',22,16,NULL,'reversible-until','2027-03-01T13:00:00Z',618000,'EUR');
INSERT INTO "journal" VALUES(6,2,NULL,'2026-11-23T13:00:00Z','op:contoso/gone:cancel-now',NULL,'contoso','gone','cancel-now','intended',NULL,NULL,'{"cancellation":"none","recurring":"on"}','{"cancellation":"immediately","recurring":"off"}',NULL,NULL,'specs/contoso.yaml',3,5,NULL,'reversible',NULL,NULL,NULL);
INSERT INTO "journal" VALUES(7,2,2,'2026-11-23T13:00:00Z','op:contoso/new:rename',NULL,'contoso','new','rename','succeeded','old',NULL,'{"name":"old"}','{"name":"new"}',NULL,NULL,'specs/contoso.yaml',3,5,NULL,'reversible',NULL,NULL,NULL);
INSERT INTO "journal" VALUES(8,2,2,'2026-11-23T13:00:00Z','op:adatum/premium:extended:2026-11-20 11:59:59.999999+00:00',NULL,'adatum','premium','extended','succeeded',NULL,NULL,'{"status":"before"}','{"status":"active"}',NULL,NULL,'',1,1,'2026-11-20T11:59:59.999999Z',NULL,NULL,NULL,NULL);
INSERT INTO "journal" VALUES(9,2,2,'2026-11-23T13:00:00Z','op:contoso/kept:cancel-at-renewal',5,'contoso','kept','cancel-at-renewal','succeeded',NULL,NULL,'{"cancellation":"none","recurring":"on"}','{"cancellation":"at-renewal","recurring":"off"}','not needed',NULL,'specs/contoso.yaml',22,16,NULL,'reversible-until','2027-03-01T13:00:00Z',618000,'EUR');
INSERT INTO "journal" VALUES(10,2,2,'2026-11-23T13:00:00Z','op:contoso/gone:cancel-now',6,'contoso','gone','cancel-now','unknown',NULL,NULL,'{"cancellation":"none","recurring":"on"}','{"cancellation":"immediately","recurring":"off"}',NULL,'no answer','specs/contoso.yaml',3,5,NULL,'reversible',NULL,NULL,NULL);
INSERT INTO "journal" VALUES(11,3,3,'2026-11-23T13:00:00Z','op:contoso/gone:forget',NULL,'contoso','gone','forget','succeeded',NULL,NULL,'{"product":"CFQ7TTC0HD32"}','{}',NULL,NULL,'specs/contoso.yaml',3,5,NULL,'reversible',NULL,NULL,NULL);
INSERT INTO "journal" VALUES(12,5,NULL,'2026-11-23T13:00:00.000500Z','op:contoso/new:turn-off-recurring',NULL,'contoso','new','turn-off-recurring','intended',NULL,'prod-7','{"cancellation":"none","recurring":"on"}','{"cancellation":"none","recurring":"off"}',NULL,NULL,'specs/contoso.yaml',3,5,NULL,'reversible',NULL,NULL,NULL);
CREATE TABLE migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at TEXT NOT NULL);
INSERT INTO "migrations" VALUES(1,'the first schema','2026-11-23T12:00:00Z');
INSERT INTO "migrations" VALUES(2,'time, money and consequences','2026-11-23T12:00:00Z');
CREATE TABLE runs (
                number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, command TEXT NOT NULL,
                started_at TEXT NOT NULL, as_of TEXT NOT NULL, actor TEXT NOT NULL, host TEXT NOT NULL,
                pid INTEGER NOT NULL, ci_run TEXT, commit_ref TEXT, commit_author TEXT, fingerprint TEXT,
                specs_digest TEXT, planned INTEGER NOT NULL, reason TEXT, allowed TEXT NOT NULL, finished_at TEXT,
                carried_on_by INTEGER REFERENCES runs (number) DEFERRABLE INITIALLY DEFERRED
            );
INSERT INTO "runs" VALUES(1,'run-1','apply','2026-11-23T12:00:00Z','2026-11-23T12:00:00Z','ada','build-7',4711,'https://ci.example/7','c0ffee1','Grace Hopper <grace@example.com>',NULL,NULL,0,NULL,'["max-endings=adatum/*","new-store"]','2026-11-23T13:00:00Z',NULL);
INSERT INTO "runs" VALUES(2,'run-2','apply','2026-11-23T12:00:00Z','2026-11-23T13:00:00Z','ada','build-7',4711,NULL,'c0ffee1','Grace Hopper <grace@example.com>','f00d',NULL,0,NULL,'[]','2026-11-23T13:00:00Z',NULL);
INSERT INTO "runs" VALUES(3,'forget','forget','2026-11-23T12:00:00Z','2026-11-23T12:00:00Z','ada','build-7',4711,NULL,'c0ffee1','Grace Hopper <grace@example.com>',NULL,NULL,0,'sold','[]','2026-11-23T13:00:00Z',NULL);
INSERT INTO "runs" VALUES(4,'freeze','freeze','2026-11-23T12:00:00Z','2026-11-23T12:00:00Z','ada','build-7',4711,NULL,'c0ffee1','Grace Hopper <grace@example.com>',NULL,NULL,0,'year end','[]','2026-11-23T12:00:00Z',NULL);
INSERT INTO "runs" VALUES(5,'cut-off','apply','2026-11-23T13:00:00Z','2026-11-23T12:00:00Z','ada','build-7',4711,NULL,'c0ffee1','Grace Hopper <grace@example.com>',NULL,NULL,0,NULL,'[]',NULL,NULL);
CREATE TABLE store (
                one INTEGER PRIMARY KEY DEFAULT 1 CHECK (one = 1),
                lineage TEXT NOT NULL, serial INTEGER NOT NULL, last_as_of TEXT, safety TEXT,
                freeze_reason TEXT, freeze_since TEXT, freeze_actor TEXT, freeze_until TEXT
            );
INSERT INTO "store" VALUES(1,'0b9e4a54-2f6e-4a53-8f0c-2f1f4e0b7c11',3,'2026-11-23T13:00:00Z','{"limits":{"max-endings":{"count":20}},"overrides":[]}','year end','2026-11-23T12:00:00Z','ada','2026-11-23T13:00:00Z');
CREATE TABLE subscriptions (
                account TEXT NOT NULL, name TEXT NOT NULL, product TEXT NOT NULL,
                length TEXT NOT NULL, billing TEXT NOT NULL, start TEXT NOT NULL, anchor TEXT NOT NULL,
                term_start TEXT NOT NULL, term_end TEXT NOT NULL,
                status TEXT NOT NULL, recurring TEXT NOT NULL, cancellation TEXT NOT NULL,
                requested_at TEXT, effective_at TEXT, id TEXT, provider_status TEXT,
                seats INTEGER, price_minor INTEGER, price_currency TEXT, owner TEXT, labels TEXT NOT NULL,
                protected INTEGER NOT NULL, declared INTEGER NOT NULL, extended INTEGER NOT NULL DEFAULT 0, last_charge_minor INTEGER, last_charge_currency TEXT,
                PRIMARY KEY (account, name)
            ) WITHOUT ROWID;
INSERT INTO "subscriptions" VALUES('adatum','premium','SPB','annual','monthly','2026-03-01','2026-03-01','2026-03-01T00:00:00Z','2027-03-01T00:00:00Z','active','on','none',NULL,NULL,'6f0d6c1e-7a1b-4d8e-9a53-0c3f1f1b2a10',NULL,7,2060,'EUR','it@adatum.example','{"b":"it''s","team":"Vertrieb Süd"}',1,0,1,51500,'EUR');
INSERT INTO "subscriptions" VALUES('contoso','kept','CFQ7TTC0HD32','annual','annual','2026-03-01','2026-03-01','2026-03-01T00:00:00Z','2027-03-01T00:00:00Z','active','off','at-renewal','2026-11-23T12:00:00Z','2027-03-01T00:00:00Z',NULL,NULL,NULL,NULL,NULL,NULL,'{}',0,0,0,NULL,NULL);
INSERT INTO "subscriptions" VALUES('contoso','new','CFQ7TTC0HD32','annual','annual','2026-03-01','2026-03-01','2026-03-01T00:00:00Z','2027-03-01T00:00:00Z','active','on','none',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'{}',0,0,0,NULL,NULL);
CREATE INDEX journal_operation ON journal (operation_id);
CREATE INDEX journal_key ON journal (account, name);
CREATE INDEX journal_previous ON journal (account, previous) WHERE previous IS NOT NULL;
CREATE UNIQUE INDEX journal_closes ON journal (closes) WHERE closes IS NOT NULL;
CREATE INDEX journal_intents ON journal (number) WHERE outcome = 'intended';
CREATE INDEX runs_unfinished ON runs (number) WHERE finished_at IS NULL;
CREATE INDEX journal_recent ON journal (kind, at) WHERE outcome = 'succeeded';
COMMIT;
