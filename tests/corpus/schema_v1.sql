-- A catalog of schema version 1, as the Vouch of that version wrote it: what later versions must be able to open.
BEGIN TRANSACTION;
CREATE TABLE access (
	document_id VARCHAR(16) NOT NULL, 
	principal VARCHAR NOT NULL, 
	PRIMARY KEY (document_id, principal), 
	FOREIGN KEY(document_id) REFERENCES documents (id) ON DELETE CASCADE
);
INSERT INTO "access" VALUES('2acf09069476abfa','public');
INSERT INTO "access" VALUES('3f5ebdad15bdcfdd','public');
INSERT INTO "access" VALUES('eb23c820a0f2ed8e','group:hr');
INSERT INTO "access" VALUES('ea94bd35632e5faf','public');
CREATE TABLE changes (
	seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	kind VARCHAR NOT NULL, 
	version_id INTEGER NOT NULL, 
	at VARCHAR NOT NULL
);
INSERT INTO "changes" VALUES(1,'add',1,'2026-11-25T07:12:23.468500+00:00');
INSERT INTO "changes" VALUES(2,'remove',1,'2026-11-25T07:12:23.491249+00:00');
INSERT INTO "changes" VALUES(3,'add',2,'2026-11-25T07:12:23.491249+00:00');
INSERT INTO "changes" VALUES(4,'add',3,'2026-11-25T07:12:23.511135+00:00');
INSERT INTO "changes" VALUES(5,'add',4,'2026-11-25T07:12:23.562903+00:00');
INSERT INTO "changes" VALUES(6,'add',5,'2026-11-25T07:12:23.598860+00:00');
INSERT INTO "changes" VALUES(7,'remove',5,'2026-11-25T07:12:23.905741+00:00');
CREATE TABLE chunks (
	id INTEGER NOT NULL, 
	version_id INTEGER NOT NULL, 
	ordinal INTEGER NOT NULL, 
	start INTEGER NOT NULL, 
	"end" INTEGER NOT NULL, 
	page INTEGER NOT NULL, 
	last_page INTEGER NOT NULL, 
	headings JSON NOT NULL, 
	context VARCHAR NOT NULL, 
	tokens INTEGER NOT NULL, 
	searched_hash BLOB NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (version_id, ordinal), 
	FOREIGN KEY(version_id) REFERENCES versions (id) ON DELETE CASCADE
);
INSERT INTO "chunks" VALUES(395072456209134392,3,0,0,10,1,1,'[]','',3,X'4752AF35228C46B41F9A28173FF52756');
INSERT INTO "chunks" VALUES(504851747980553210,2,1,27,43,1,1,'[]','Leave policy',5,X'F2B3012193D4478E3490A9DF018C148A');
INSERT INTO "chunks" VALUES(5424141083091486597,5,0,0,11,1,1,'[]','',5,X'4591F47DE01B57E977ECF337622FC940');
INSERT INTO "chunks" VALUES(5602721114804642307,4,0,0,20,1,1,'[]','',6,X'D0D59F6DEF03F5E617ACE80EA043366B');
INSERT INTO "chunks" VALUES(6080196747913483080,1,0,0,21,1,1,'[]','',7,X'9BF1FDCE8A9CDB82D330654F66641D0D');
INSERT INTO "chunks" VALUES(6949208287393018669,2,0,0,26,1,1,'[]','Leave policy',7,X'B7FC05E1FD492DD1ECCD3547F05D5B0E');
CREATE TABLE documents (
	id VARCHAR(16) NOT NULL, 
	collection VARCHAR NOT NULL, 
	root VARCHAR NOT NULL, 
	path VARCHAR NOT NULL, 
	live_version_id INTEGER, 
	metadata JSON NOT NULL, 
	created_at VARCHAR NOT NULL, 
	removed_at VARCHAR, 
	PRIMARY KEY (id), 
	UNIQUE (collection, root, path)
);
INSERT INTO "documents" VALUES('2acf09069476abfa','default','/docs','leave.txt',2,'{"team": "hr"}','2026-11-25T07:12:23.467656+00:00',NULL);
INSERT INTO "documents" VALUES('3f5ebdad15bdcfdd','default','/docs','休暇.txt',3,'{}','2026-11-25T07:12:23.510858+00:00',NULL);
INSERT INTO "documents" VALUES('eb23c820a0f2ed8e','hr','/docs','salaries.pdf',4,'{}','2026-11-25T07:12:23.562635+00:00',NULL);
INSERT INTO "documents" VALUES('ea94bd35632e5faf','default','/docs','gone.txt',NULL,'{}','2026-11-25T07:12:23.598587+00:00','2026-11-25T07:12:23.905741+00:00');
CREATE TABLE failures (
	collection VARCHAR NOT NULL, 
	root VARCHAR NOT NULL, 
	path VARCHAR NOT NULL, 
	sha256 VARCHAR(64) NOT NULL, 
	fingerprint VARCHAR NOT NULL, 
	code VARCHAR NOT NULL, 
	message VARCHAR NOT NULL, 
	hint VARCHAR NOT NULL, 
	crashes INTEGER NOT NULL, 
	at VARCHAR NOT NULL, 
	PRIMARY KEY (collection, root, path)
);
INSERT INTO "failures" VALUES('default','/docs','bad.pdf','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','f1','unreadable','It cannot be read.','Save it again.',1,'2026-11-25T07:12:23.960145+00:00');
CREATE TABLE jobs (
	id VARCHAR(16) NOT NULL, 
	kind VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	request JSON NOT NULL, 
	progress JSON NOT NULL, 
	result JSON, 
	error JSON, 
	created_at VARCHAR NOT NULL, 
	started_at VARCHAR, 
	finished_at VARCHAR, 
	PRIMARY KEY (id)
);
INSERT INTO "jobs" VALUES('c3bd0fd83482dd26','ingest','done','{"paths": ["/docs"]}','{}','{"added": 4}','null','2026-11-25T07:12:23.960752+00:00',NULL,'2026-11-25T07:12:23.961676+00:00');
CREATE TABLE meta (
	"key" VARCHAR NOT NULL, 
	value VARCHAR NOT NULL, 
	PRIMARY KEY ("key")
);
INSERT INTO "meta" VALUES('schema_version','1');
INSERT INTO "meta" VALUES('space','{"dimension": 8, "model": "words", "normalised": true, "pooling": "sum", "precision": "float32", "prompt": "", "revision": "1", "weights_sha256": "0000000000000000000000000000000000000000000000000000000000000000"}');
INSERT INTO "meta" VALUES('corpus_id','e085cc99b085595e');
CREATE TABLE pages (
	version_id INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	start INTEGER NOT NULL, 
	"end" INTEGER NOT NULL, 
	label VARCHAR NOT NULL, 
	PRIMARY KEY (version_id, number), 
	FOREIGN KEY(version_id) REFERENCES versions (id) ON DELETE CASCADE
);
INSERT INTO "pages" VALUES(1,1,0,21,'');
INSERT INTO "pages" VALUES(2,1,0,43,'');
INSERT INTO "pages" VALUES(3,1,0,10,'');
INSERT INTO "pages" VALUES(4,1,0,20,'iv');
INSERT INTO "pages" VALUES(5,1,0,11,'');
CREATE TABLE texts (
	version_id INTEGER NOT NULL, 
	segment INTEGER NOT NULL, 
	text VARCHAR NOT NULL, 
	PRIMARY KEY (version_id, segment), 
	FOREIGN KEY(version_id) REFERENCES versions (id) ON DELETE CASCADE
);
INSERT INTO "texts" VALUES(1,0,'the limit is ten days');
INSERT INTO "texts" VALUES(2,0,'the limit is fourteen days
ask your manager');
INSERT INTO "texts" VALUES(3,0,'有給休暇は二十日です');
INSERT INTO "texts" VALUES(4,0,'salary bands of 2025');
INSERT INTO "texts" VALUES(5,0,'an old rule');
CREATE TABLE vectors (
	chunk_id INTEGER NOT NULL, 
	version_id INTEGER NOT NULL, 
	vector BLOB NOT NULL, 
	PRIMARY KEY (chunk_id), 
	FOREIGN KEY(version_id) REFERENCES versions (id) ON DELETE CASCADE
);
INSERT INTO "vectors" VALUES(504851747980553210,2,X'D090A0BE955BE0BE242DBC3DDA0939BEB89CB1BDAA0B12BF5E940C3FF1D33CBE');
INSERT INTO "vectors" VALUES(5424141083091486597,5,X'23CD99BE2131053FEAFE0FBFB3ED82BD31054FBE5405D43E9DE3433E451F873E');
INSERT INTO "vectors" VALUES(5602721114804642307,4,X'1E45B43E85283FBEAEBE9F3D0261FBBE383C413F82F2B3BDF779A93C601202BE');
INSERT INTO "vectors" VALUES(6080196747913483080,1,X'F480D7BDFD0C443D5CD9A3BD1E8301BF33C3BA3E4EF508BFA848B53E9103D93E');
INSERT INTO "vectors" VALUES(6949208287393018669,2,X'96F537BE1E1999BE0A9423BE068E03BFED4C863E535DD9BE430F093F08D36B3E');
CREATE TABLE versions (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	document_id VARCHAR(16) NOT NULL, 
	number INTEGER NOT NULL, 
	state VARCHAR NOT NULL, 
	sha256 VARCHAR(64) NOT NULL, 
	size_bytes BIGINT NOT NULL, 
	modified VARCHAR, 
	fingerprint VARCHAR NOT NULL, 
	title VARCHAR NOT NULL, 
	content_type VARCHAR NOT NULL, 
	language VARCHAR NOT NULL, 
	date VARCHAR, 
	metadata JSON NOT NULL, 
	notes JSON NOT NULL, 
	chars INTEGER NOT NULL, 
	page_count INTEGER NOT NULL, 
	chunk_count INTEGER NOT NULL, 
	vector_count INTEGER NOT NULL, 
	committed_at VARCHAR NOT NULL, 
	retired_at VARCHAR, 
	UNIQUE (document_id, number), 
	FOREIGN KEY(document_id) REFERENCES documents (id) ON DELETE CASCADE
);
INSERT INTO "versions" VALUES(1,'2acf09069476abfa',1,'retired','44e628ccc7b531612274e35b2b786b36e944f8ac67151d4409a7bab1c1ffec4a',21,'2025-01-01T00:00:00.000000+00:00','f1','leave.txt','text/plain','en',NULL,'{}','[]',21,1,1,1,'2026-11-25T07:12:23.468500+00:00','2026-11-25T07:12:23.491249+00:00');
INSERT INTO "versions" VALUES(2,'2acf09069476abfa',2,'live','b81b101a0f0b62e2aadaa5da2574bc6d25e88571ae7ac8772614828509cf406e',43,'2025-01-01T00:00:00.000000+00:00','f1','Leave policy','text/plain','en',NULL,'{}','[]',43,1,2,2,'2026-11-25T07:12:23.491249+00:00',NULL);
INSERT INTO "versions" VALUES(3,'3f5ebdad15bdcfdd',1,'live','7ec2540e12101b830e5904abd532d04b9ea339b1d138dcb67ce63a5d10498536',30,'2025-01-01T00:00:00.000000+00:00','f1','休暇.txt','text/plain','ja','2025-04-01T00:00:00.000000+00:00','{}','[]',10,1,1,0,'2026-11-25T07:12:23.511135+00:00',NULL);
INSERT INTO "versions" VALUES(4,'eb23c820a0f2ed8e',1,'live','c5073db32551af1f8700142dfd908e8313c691e63bf7aa0dc5f4fbfc0d18064b',20,'2025-01-01T00:00:00.000000+00:00','f1','salaries.pdf','application/pdf','en',NULL,'{}','[]',20,1,1,1,'2026-11-25T07:12:23.562903+00:00',NULL);
INSERT INTO "versions" VALUES(5,'ea94bd35632e5faf',1,'retired','5209f3f5a71a1b428c3d72267e343b202273eee866527f501ba0750e1bfafa92',11,'2025-01-01T00:00:00.000000+00:00','f1','gone.txt','text/plain','en',NULL,'{}','[]',11,1,1,1,'2026-11-25T07:12:23.598860+00:00','2026-11-25T07:12:23.905741+00:00');
CREATE INDEX documents_by_live_version ON documents (live_version_id);
CREATE INDEX jobs_by_time ON jobs (created_at);
CREATE INDEX access_by_principal ON access (principal);
CREATE INDEX versions_by_hash ON versions (sha256);
CREATE INDEX chunks_by_searched_hash ON chunks (searched_hash);
CREATE INDEX vectors_by_version ON vectors (version_id);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('versions',5);
INSERT INTO "sqlite_sequence" VALUES('changes',7);
COMMIT;
