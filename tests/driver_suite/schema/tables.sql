-- Tables by the names and columns that the suite's tests use. One statement that is refused does not stop the rest.
CREATE TABLE TestNumbers (
  IntCol NUMBER(9) NOT NULL, LongIntCol NUMBER(16) NOT NULL, NumberCol NUMBER(9, 2) NOT NULL, FloatCol FLOAT NOT NULL,
  UnconstrainedCol NUMBER NOT NULL, NullableCol NUMBER(38));
CREATE TABLE TestStrings (
  IntCol NUMBER(9) NOT NULL, StringCol VARCHAR2(20) NOT NULL, RawCol RAW(30) NOT NULL, FixedCharCol CHAR(40) NOT NULL,
  NullableCol VARCHAR2(50));
CREATE TABLE TestUnicodes (
  IntCol NUMBER(9) NOT NULL, UnicodeCol NVARCHAR2(20) NOT NULL, FixedUnicodeCol NCHAR(40) NOT NULL,
  NullableCol NVARCHAR2(50));
CREATE TABLE TestDates (IntCol NUMBER(9) NOT NULL, DateCol DATE NOT NULL, NullableCol DATE);
CREATE TABLE TestCLOBs (
  IntCol NUMBER(9) NOT NULL, CLOBCol CLOB NOT NULL, ExtraNumCol1 NUMBER(9), ExtraCLOBCol1 CLOB, ExtraNumCol2 NUMBER(9),
  ExtraCLOBCol2 CLOB);
CREATE TABLE TestNCLOBs (
  IntCol NUMBER(9) NOT NULL, NCLOBCol NCLOB NOT NULL, ExtraNumCol1 NUMBER(9), ExtraNCLOBCol1 NCLOB,
  ExtraNumCol2 NUMBER(9), ExtraNCLOBCol2 NCLOB);
CREATE TABLE TestBLOBs (
  IntCol NUMBER(9) NOT NULL, BLOBCol BLOB NOT NULL, ExtraNumCol1 NUMBER(9), ExtraBLOBCol1 BLOB, ExtraNumCol2 NUMBER(9),
  ExtraBLOBCol2 BLOB);
CREATE TABLE TestBfiles (IntCol NUMBER(9) NOT NULL, BfileCol BFILE NOT NULL);
CREATE TABLE TestXML (IntCol NUMBER(9) NOT NULL, XMLCol XMLTYPE NOT NULL);
CREATE TABLE TestTempXML (IntCol NUMBER(9) NOT NULL, XMLCol XMLTYPE NOT NULL);
CREATE TABLE TestLongs (IntCol NUMBER(9) NOT NULL, LongCol LONG);
CREATE TABLE TestLongRaws (IntCol NUMBER(9) NOT NULL, LongRawCol LONG RAW);
CREATE TABLE TestTempTable (
  IntCol NUMBER(9) NOT NULL, StringCol1 VARCHAR2(400), StringCol2 VARCHAR2(400), NumberCol NUMBER(25, 2),
  CONSTRAINT TestTempTable_pk PRIMARY KEY (IntCol));
CREATE TABLE TestArrayDML (
  IntCol NUMBER(9) NOT NULL, StringCol VARCHAR2(100), IntCol2 NUMBER(3),
  CONSTRAINT TestArrayDML_pk PRIMARY KEY (IntCol));
CREATE TABLE TestTimestamps (
  IntCol NUMBER(9) NOT NULL, TimestampCol TIMESTAMP NOT NULL, NullableCol TIMESTAMP,
  TimestampPrecisionCol TIMESTAMP(4));
CREATE TABLE TestTimestampLTZs (
  IntCol NUMBER(9) NOT NULL, TimestampLTZCol TIMESTAMP WITH LOCAL TIME ZONE NOT NULL,
  NullableCol TIMESTAMP WITH LOCAL TIME ZONE, TimestampLTZPrecisionCol TIMESTAMP(5) WITH LOCAL TIME ZONE);
CREATE TABLE TestTimestampTZs (
  IntCol NUMBER(9) NOT NULL, TimestampTZCol TIMESTAMP WITH TIME ZONE NOT NULL, NullableCol TIMESTAMP WITH TIME ZONE,
  TimestampTZPrecisionCol TIMESTAMP(7) WITH TIME ZONE);
CREATE TABLE TestIntervals (
  IntCol NUMBER(9) NOT NULL, IntervalCol INTERVAL DAY TO SECOND NOT NULL, NullableCol INTERVAL DAY TO SECOND,
  IntervalPrecisionCol INTERVAL DAY(7) TO SECOND, IntervalPrecisionScaleCol INTERVAL DAY(8) TO SECOND(9));
CREATE TABLE TestIntervalYMs (
  IntCol NUMBER(9) NOT NULL, IntervalCol INTERVAL YEAR TO MONTH NOT NULL, NullableCol INTERVAL YEAR TO MONTH,
  IntervalPrecisionCol INTERVAL YEAR(3) TO MONTH);
CREATE TABLE TestUniversalRowids (
  IntCol NUMBER(9) NOT NULL, StringCol VARCHAR2(250) NOT NULL, DateCol DATE NOT NULL,
  CONSTRAINT TestUniversalRowids_pk PRIMARY KEY (IntCol, StringCol, DateCol)) ORGANIZATION INDEX;
CREATE TABLE TestRowids (IntCol NUMBER(9) NOT NULL, RowidCol ROWID, URowidCol UROWID);
CREATE TABLE TestJson (IntCol NUMBER(9) NOT NULL, JsonCol JSON NOT NULL);
CREATE TABLE TestCompressedJson (IntCol NUMBER(9) NOT NULL, JsonCol JSON NOT NULL);
CREATE TABLE TestDataframe (
  Id NUMBER(9), FirstName VARCHAR2(100), LastName VARCHAR2(100), City VARCHAR2(100), Country VARCHAR2(100),
  DateOfBirth DATE, Salary NUMBER(9, 2), CreditScore NUMBER(3, 0), LastUpdated TIMESTAMP, IntegerData NUMBER(9),
  LongIntegerData NUMBER(18), DecimalData NUMBER(15, 4), FloatData BINARY_FLOAT, DoubleData BINARY_DOUBLE,
  RawData RAW(100), LongData CLOB, LongRawData BLOB, UnconstrainedNumberData NUMBER);
CREATE TABLE TestAllTypes (
  NumberValue NUMBER, StringValue VARCHAR2(60), FixedCharValue CHAR(10), NStringValue NVARCHAR2(60),
  NFixedCharValue NCHAR(10), RawValue RAW(16), IntValue INTEGER, SmallIntValue SMALLINT,
  DoublePrecisionValue DOUBLE PRECISION, FloatValue FLOAT, BinaryFloatValue BINARY_FLOAT,
  BinaryDoubleValue BINARY_DOUBLE, DateValue DATE, TimestampValue TIMESTAMP, TimestampTZValue TIMESTAMP WITH TIME ZONE,
  TimestampLTZValue TIMESTAMP WITH LOCAL TIME ZONE, CLOBValue CLOB, NCLOBValue NCLOB, BLOBValue BLOB);
CREATE TABLE PlsqlSessionCallbacks (RequestedTag VARCHAR2(250), ActualTag VARCHAR2(250), FixupTimestamp TIMESTAMP);
CREATE TABLE TestVectors (
  IntCol NUMBER(9) NOT NULL, VectorFlexAllCol VECTOR, VectorFlexTypeCol VECTOR(2), VectorFlex8Col VECTOR(*, INT8),
  VectorFlex32Col VECTOR(*, FLOAT32), VectorFlex64Col VECTOR(*, FLOAT64), Vector8Col VECTOR(16, INT8),
  Vector32Col VECTOR(16, FLOAT32), Vector64Col VECTOR(16, FLOAT64));
CREATE TABLE TestBinaryVectors (IntCol NUMBER(9) NOT NULL, VectorBinaryCol VECTOR(64, BINARY));
CREATE TABLE TestSparseVectors (
  IntCol NUMBER(9) NOT NULL, SparseVectorFlexAllCol VECTOR(*, *, SPARSE), SparseVectorFlexTypeCol VECTOR(2, *, SPARSE),
  SparseVectorFlex8Col VECTOR(*, INT8, SPARSE), SparseVectorFlex32Col VECTOR(*, FLOAT32, SPARSE),
  SparseVectorFlex64Col VECTOR(*, FLOAT64, SPARSE), SparseVector8Col VECTOR(16, INT8, SPARSE),
  SparseVector32Col VECTOR(16, FLOAT32, SPARSE), SparseVector64Col VECTOR(16, FLOAT64, SPARSE));
CREATE TABLE TestBooleans (IntCol NUMBER(9) NOT NULL, BooleanCol1 BOOLEAN NOT NULL, BooleanCol2 BOOLEAN, BooleanCol3 BOOLEAN);
CREATE DOMAIN SimpleDomain AS NUMBER(3, 0) NOT NULL;
CREATE TYPE udt_SubObject AS OBJECT (SubNumberValue NUMBER, SubStringValue VARCHAR2(60));
/
CREATE TYPE udt_Array AS VARRAY(10) OF NUMBER;
/
