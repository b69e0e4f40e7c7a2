// The sale as somebody who knows PostgreSQL would build it: three tables, one call to reserve, one to expire.

/**
 * The conditional UPDATE locks the row of the SKU until the commit, so calls for one SKU have one order and need no
 * serializable isolation; calls for different SKUs share the syncs of the log.
 *
 * In PostgreSQL's favour: no foreign key (the function is the only writer), a buyer is counted only where the SKU has a
 * limit, and the versions of a SKU's row find room in its page, so that no index is touched when stock changes.
 */
export const SCHEMA = `
CREATE TABLE skus (
  sku text PRIMARY KEY,
  stock integer NOT NULL,
  available integer NOT NULL,
  buyer_max integer,
  hold_time interval NOT NULL,
  CHECK (available BETWEEN 0 AND stock)
) WITH (fillfactor = 10);

CREATE TABLE holds (
  id uuid PRIMARY KEY,
  sku text NOT NULL,
  buyer text NOT NULL,
  quantity integer NOT NULL CHECK (quantity > 0),
  state text NOT NULL,
  expires_at timestamptz NOT NULL
);
CREATE INDEX holds_due ON holds (expires_at) WHERE state = 'held';

CREATE TABLE buyers (
  sku text,
  buyer text,
  held integer NOT NULL CHECK (held >= 0),
  PRIMARY KEY (sku, buyer)
) WITH (fillfactor = 50);

CREATE FUNCTION reserve(
  p_id uuid, p_sku text, p_buyer text, p_quantity integer,
  OUT outcome text, OUT remaining integer, OUT expires_ms double precision
) LANGUAGE plpgsql AS $$
DECLARE
  v_buyer_max integer;
  v_expires_at timestamptz;
BEGIN
  UPDATE skus SET available = available - p_quantity
    WHERE sku = p_sku AND available >= p_quantity
    RETURNING available, buyer_max, now() + hold_time INTO remaining, v_buyer_max, v_expires_at;
  IF FOUND THEN
    INSERT INTO holds VALUES (p_id, p_sku, p_buyer, p_quantity, 'held', v_expires_at)
      ON CONFLICT (id) DO NOTHING;
    IF FOUND THEN
      -- Without a limit FOUND stays what it is.
      IF v_buyer_max IS NOT NULL THEN
        INSERT INTO buyers AS b
          SELECT p_sku, p_buyer, p_quantity WHERE p_quantity <= v_buyer_max
          ON CONFLICT (sku, buyer) DO UPDATE SET held = b.held + excluded.held
            WHERE b.held + excluded.held <= v_buyer_max;
      END IF;
      IF FOUND THEN
        outcome := 'made';
        expires_ms := floor(extract(epoch FROM v_expires_at) * 1000);
        RETURN;
      END IF;
      DELETE FROM holds WHERE id = p_id;
      outcome := 'limit';
    END IF;
    UPDATE skus SET available = available + p_quantity WHERE sku = p_sku
      RETURNING available INTO remaining;
    IF outcome = 'limit' THEN
      RETURN;
    END IF;
  END IF;
  SELECT 'repeated', available, floor(extract(epoch FROM expires_at) * 1000)
    INTO outcome, remaining, expires_ms
    FROM holds JOIN skus USING (sku) WHERE id = p_id;
  IF NOT FOUND THEN
    outcome := CASE WHEN EXISTS (SELECT FROM skus WHERE sku = p_sku)
      THEN 'sold_out' ELSE 'unknown_sku' END;
  END IF;
END $$;

CREATE FUNCTION expire_due(p_most integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  v_hold holds;
  v_count integer := 0;
BEGIN
  FOR v_hold IN
    SELECT * FROM holds WHERE state = 'held' AND expires_at <= now()
      ORDER BY expires_at LIMIT p_most FOR UPDATE SKIP LOCKED
  LOOP
    UPDATE skus SET available = available + v_hold.quantity WHERE sku = v_hold.sku;
    UPDATE buyers SET held = held - v_hold.quantity WHERE sku = v_hold.sku AND buyer = v_hold.buyer;
    UPDATE holds SET state = 'expired' WHERE id = v_hold.id;
    v_count := v_count + 1;
  END LOOP;
  RETURN v_count;
END $$;
`
