-- Procedures, functions and packages that the suite's tests call. Only their interfaces and results are the suite's.
CREATE OR REPLACE PROCEDURE proc_Test (a_InValue VARCHAR2, a_InOutValue IN OUT NUMBER, a_OutValue OUT NUMBER) AS
  l_length NUMBER := LENGTH(a_InValue);
BEGIN
  a_InOutValue := l_length * a_InOutValue;
  a_OutValue := l_length;
END;
/
CREATE OR REPLACE PROCEDURE proc_Test2 (a_InValue VARCHAR2, a_InOutValue IN OUT NUMBER, a_OutValue OUT BOOLEAN) AS
  l_length NUMBER := LENGTH(a_InValue);
BEGIN
  a_InOutValue := l_length * a_InOutValue;
  a_OutValue := l_length > 1;
END;
/
CREATE OR REPLACE PROCEDURE proc_TestNoArgs AS
BEGIN
  NULL;
END;
/
CREATE OR REPLACE PROCEDURE myrefcursorproc (a_RefCursor OUT SYS_REFCURSOR) AS
BEGIN
  OPEN a_RefCursor FOR SELECT * FROM TestTempTable;
END;
/
CREATE OR REPLACE FUNCTION func_Test (a_String VARCHAR2, a_ExtraAmount NUMBER) RETURN NUMBER AS
BEGIN
  RETURN a_ExtraAmount + LENGTH(a_String);
END;
/
CREATE OR REPLACE FUNCTION func_Test2 (a_String VARCHAR2, a_ExtraAmount NUMBER, a_Boolean BOOLEAN) RETURN NUMBER AS
  l_sign NUMBER := -1;
BEGIN
  IF a_Boolean THEN
    l_sign := 1;
  END IF;
  RETURN LENGTH(a_String) + l_sign * a_ExtraAmount;
END;
/
CREATE OR REPLACE FUNCTION func_TestNoArgs RETURN NUMBER AS
BEGIN
  RETURN 712;
END;
/
CREATE OR REPLACE PACKAGE pkg_TestStringArrays AS
  TYPE udt_StringList IS TABLE OF VARCHAR2(100) INDEX BY BINARY_INTEGER;
  FUNCTION TestInArrays (a_StartingLength NUMBER, a_Array udt_StringList) RETURN NUMBER;
  PROCEDURE TestInOutArrays (a_NumElems NUMBER, a_Array IN OUT NOCOPY udt_StringList);
  PROCEDURE TestOutArrays (a_NumElems NUMBER, a_Array OUT NOCOPY udt_StringList);
  PROCEDURE TestIndexBy (a_Array OUT NOCOPY udt_StringList);
END;
/
CREATE OR REPLACE PACKAGE BODY pkg_TestStringArrays AS
  FUNCTION TestInArrays (a_StartingLength NUMBER, a_Array udt_StringList) RETURN NUMBER IS
    l_total NUMBER := a_StartingLength;
  BEGIN
    FOR n IN 1 .. a_Array.COUNT LOOP
      l_total := l_total + LENGTH(a_Array(n));
    END LOOP;
    RETURN l_total;
  END;
  PROCEDURE TestInOutArrays (a_NumElems NUMBER, a_Array IN OUT NOCOPY udt_StringList) IS
    l_length NUMBER;
  BEGIN
    FOR n IN 1 .. a_NumElems LOOP
      l_length := LENGTH(a_Array(n));
      a_Array(n) := 'Converted element # ' || n || ' originally had length ' || l_length;
    END LOOP;
  END;
  PROCEDURE TestOutArrays (a_NumElems NUMBER, a_Array OUT NOCOPY udt_StringList) IS
  BEGIN
    FOR n IN 1 .. a_NumElems LOOP
      a_Array(n) := 'Test out element # ' || n;
    END LOOP;
  END;
  PROCEDURE TestIndexBy (a_Array OUT NOCOPY udt_StringList) IS
  BEGIN
    a_Array(8388608) := 'Fourth element';
    a_Array(284) := 'Third element';
    a_Array(-576) := 'Second element';
    a_Array(-1048576) := 'First element';
  END;
END;
/
CREATE OR REPLACE PACKAGE pkg_TestUnicodeArrays AS
  TYPE udt_UnicodeList IS TABLE OF NVARCHAR2(100) INDEX BY BINARY_INTEGER;
  FUNCTION TestInArrays (a_StartingLength NUMBER, a_Array udt_UnicodeList) RETURN NUMBER;
  PROCEDURE TestInOutArrays (a_NumElems NUMBER, a_Array IN OUT NOCOPY udt_UnicodeList);
  PROCEDURE TestOutArrays (a_NumElems NUMBER, a_Array OUT NOCOPY udt_UnicodeList);
END;
/
CREATE OR REPLACE PACKAGE BODY pkg_TestUnicodeArrays AS
  FUNCTION TestInArrays (a_StartingLength NUMBER, a_Array udt_UnicodeList) RETURN NUMBER IS
    l_total NUMBER := a_StartingLength;
  BEGIN
    FOR n IN 1 .. a_Array.COUNT LOOP
      l_total := l_total + LENGTH(a_Array(n));
    END LOOP;
    RETURN l_total;
  END;
  PROCEDURE TestInOutArrays (a_NumElems NUMBER, a_Array IN OUT NOCOPY udt_UnicodeList) IS
    l_length NUMBER;
  BEGIN
    FOR n IN 1 .. a_NumElems LOOP
      l_length := LENGTH(a_Array(n));
      a_Array(n) := 'Converted element ' || UNISTR('\3042') || ' # ' || n || ' originally had length ' || l_length;
    END LOOP;
  END;
  PROCEDURE TestOutArrays (a_NumElems NUMBER, a_Array OUT NOCOPY udt_UnicodeList) IS
  BEGIN
    FOR n IN 1 .. a_NumElems LOOP
      a_Array(n) := 'Test out element ' || UNISTR('\3042') || ' # ' || n;
    END LOOP;
  END;
END;
/
CREATE OR REPLACE PACKAGE pkg_TestNumberArrays AS
  TYPE udt_NumberList IS TABLE OF NUMBER INDEX BY BINARY_INTEGER;
  FUNCTION TestInArrays (a_StartingValue NUMBER, a_Array udt_NumberList) RETURN NUMBER;
  PROCEDURE TestInOutArrays (a_NumElems NUMBER, a_Array IN OUT NOCOPY udt_NumberList);
  PROCEDURE TestOutArrays (a_NumElems NUMBER, a_Array OUT NOCOPY udt_NumberList);
END;
/
CREATE OR REPLACE PACKAGE BODY pkg_TestNumberArrays AS
  FUNCTION TestInArrays (a_StartingValue NUMBER, a_Array udt_NumberList) RETURN NUMBER IS
    l_total NUMBER := a_StartingValue;
  BEGIN
    FOR n IN 1 .. a_Array.COUNT LOOP
      l_total := l_total + a_Array(n);
    END LOOP;
    RETURN l_total;
  END;
  PROCEDURE TestInOutArrays (a_NumElems NUMBER, a_Array IN OUT NOCOPY udt_NumberList) IS
  BEGIN
    FOR n IN 1 .. a_NumElems LOOP
      a_Array(n) := 10 * a_Array(n);
    END LOOP;
  END;
  PROCEDURE TestOutArrays (a_NumElems NUMBER, a_Array OUT NOCOPY udt_NumberList) IS
  BEGIN
    FOR n IN 1 .. a_NumElems LOOP
      a_Array(n) := 100 * n;
    END LOOP;
  END;
END;
/
CREATE OR REPLACE PACKAGE pkg_TestDateArrays AS
  TYPE udt_DateList IS TABLE OF DATE INDEX BY BINARY_INTEGER;
  FUNCTION TestInArrays (a_StartingValue NUMBER, a_BaseDate DATE, a_Array udt_DateList) RETURN NUMBER;
  PROCEDURE TestInOutArrays (a_NumElems NUMBER, a_Array IN OUT NOCOPY udt_DateList);
  PROCEDURE TestOutArrays (a_NumElems NUMBER, a_Array OUT NOCOPY udt_DateList);
END;
/
CREATE OR REPLACE PACKAGE BODY pkg_TestDateArrays AS
  FUNCTION TestInArrays (a_StartingValue NUMBER, a_BaseDate DATE, a_Array udt_DateList) RETURN NUMBER IS
    l_total NUMBER := a_StartingValue;
  BEGIN
    FOR n IN 1 .. a_Array.COUNT LOOP
      l_total := l_total + (a_Array(n) - a_BaseDate);
    END LOOP;
    RETURN l_total;
  END;
  PROCEDURE TestInOutArrays (a_NumElems NUMBER, a_Array IN OUT NOCOPY udt_DateList) IS
  BEGIN
    FOR n IN 1 .. a_NumElems LOOP
      a_Array(n) := a_Array(n) + 7;
    END LOOP;
  END;
  PROCEDURE TestOutArrays (a_NumElems NUMBER, a_Array OUT NOCOPY udt_DateList) IS
  BEGIN
    FOR n IN 1 .. a_NumElems LOOP
      a_Array(n) := TO_DATE('2002-12-12', 'YYYY-MM-DD') + 1.2 * n;
    END LOOP;
  END;
END;
/
CREATE OR REPLACE PACKAGE pkg_TestRefCursors AS
  PROCEDURE TestOutCursor (a_MaxIntValue NUMBER, a_Cursor OUT SYS_REFCURSOR);
  FUNCTION TestInCursor (a_Cursor SYS_REFCURSOR) RETURN VARCHAR2;
  FUNCTION TestReturnCursor (a_MaxIntValue NUMBER) RETURN SYS_REFCURSOR;
  PROCEDURE TestLobCursor (a_Value VARCHAR2, a_Cursor OUT SYS_REFCURSOR);
  PROCEDURE TestCloseCursor (a_Cursor SYS_REFCURSOR);
END;
/
CREATE OR REPLACE PACKAGE BODY pkg_TestRefCursors AS
  PROCEDURE TestOutCursor (a_MaxIntValue NUMBER, a_Cursor OUT SYS_REFCURSOR) IS
  BEGIN
    OPEN a_Cursor FOR SELECT IntCol, StringCol FROM TestStrings WHERE IntCol <= a_MaxIntValue ORDER BY IntCol;
  END;
  FUNCTION TestInCursor (a_Cursor SYS_REFCURSOR) RETURN VARCHAR2 IS
    l_text VARCHAR2(100);
  BEGIN
    FETCH a_Cursor INTO l_text;
    RETURN l_text || ' (Modified)';
  END;
  FUNCTION TestReturnCursor (a_MaxIntValue NUMBER) RETURN SYS_REFCURSOR IS
    l_cursor SYS_REFCURSOR;
  BEGIN
    OPEN l_cursor FOR SELECT IntCol, StringCol FROM TestStrings WHERE IntCol <= a_MaxIntValue ORDER BY IntCol;
    RETURN l_cursor;
  END;
  PROCEDURE TestLobCursor (a_Value VARCHAR2, a_Cursor OUT SYS_REFCURSOR) IS
  BEGIN
    OPEN a_Cursor FOR SELECT TO_CLOB(a_Value) FROM dual;
  END;
  PROCEDURE TestCloseCursor (a_Cursor SYS_REFCURSOR) IS
    l_id NUMBER;
    l_text VARCHAR2(400);
  BEGIN
    DELETE FROM TestTempTable;
    FETCH a_Cursor INTO l_id, l_text;
    IF a_Cursor%FOUND THEN
      INSERT INTO TestTempTable (IntCol, StringCol1) VALUES (l_id, l_text);
    END IF;
    CLOSE a_Cursor;
    COMMIT;
  END;
END;
/
CREATE OR REPLACE PACKAGE pkg_TestBooleans AS
  TYPE udt_BooleanList IS TABLE OF BOOLEAN INDEX BY BINARY_INTEGER;
  FUNCTION GetStringRep (a_Value BOOLEAN) RETURN VARCHAR2;
  FUNCTION IsLessThan10 (a_Value NUMBER) RETURN BOOLEAN;
  FUNCTION TestInArrays (a_Value udt_BooleanList) RETURN NUMBER;
  FUNCTION TestOutValueNull RETURN BOOLEAN;
  PROCEDURE TestOutArrays (a_NumElements NUMBER, a_Value OUT NOCOPY udt_BooleanList);
  FUNCTION EchoValue (a_Value BOOLEAN) RETURN BOOLEAN;
  PROCEDURE EchoValueOut (a_Value BOOLEAN, a_OutValue OUT BOOLEAN);
END;
/
CREATE OR REPLACE PACKAGE BODY pkg_TestBooleans AS
  FUNCTION GetStringRep (a_Value BOOLEAN) RETURN VARCHAR2 IS
  BEGIN
    RETURN CASE WHEN a_Value IS NULL THEN 'NULL' WHEN a_Value THEN 'TRUE' ELSE 'FALSE' END;
  END;
  FUNCTION IsLessThan10 (a_Value NUMBER) RETURN BOOLEAN IS
  BEGIN
    RETURN a_Value < 10;
  END;
  FUNCTION TestInArrays (a_Value udt_BooleanList) RETURN NUMBER IS
    l_true NUMBER := 0;
  BEGIN
    FOR n IN 1 .. a_Value.COUNT LOOP
      IF a_Value(n) THEN
        l_true := l_true + 1;
      END IF;
    END LOOP;
    RETURN l_true;
  END;
  FUNCTION TestOutValueNull RETURN BOOLEAN IS
  BEGIN
    RETURN NULL;
  END;
  PROCEDURE TestOutArrays (a_NumElements NUMBER, a_Value OUT NOCOPY udt_BooleanList) IS
  BEGIN
    FOR n IN 1 .. a_NumElements LOOP
      a_Value(n) := MOD(n, 2) = 1;
    END LOOP;
  END;
  FUNCTION EchoValue (a_Value BOOLEAN) RETURN BOOLEAN IS
  BEGIN
    RETURN a_Value;
  END;
  PROCEDURE EchoValueOut (a_Value BOOLEAN, a_OutValue OUT BOOLEAN) IS
  BEGIN
    a_OutValue := a_Value;
  END;
END;
/
CREATE OR REPLACE PACKAGE pkg_TestLOBs AS
  PROCEDURE GetSize (a_BLOB BLOB, a_Size OUT NUMBER);
  PROCEDURE GetSize (a_CLOB CLOB, a_Size OUT NUMBER);
END;
/
CREATE OR REPLACE PACKAGE BODY pkg_TestLOBs AS
  PROCEDURE GetSize (a_BLOB BLOB, a_Size OUT NUMBER) IS
  BEGIN
    a_Size := DBMS_LOB.GETLENGTH(a_BLOB);
  END;
  PROCEDURE GetSize (a_CLOB CLOB, a_Size OUT NUMBER) IS
  BEGIN
    a_Size := DBMS_LOB.GETLENGTH(a_CLOB);
  END;
END;
/
