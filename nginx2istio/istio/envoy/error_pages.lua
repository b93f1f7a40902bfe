-- Error pages as ingress-nginx makes them: an answer with one of the codes is replaced by what the
-- error service says of it. What is particular to a route is in its metadata.
local KEPT = {
  [":status"] = true, ["www-authenticate"] = true, ["server"] = true, ["date"] = true,
  ["connection"] = true,
}
local SECURITY = "strict-transport-security" -- only the location itself adds it
local NAME = "nginx2istio.error-pages"

function envoy_on_request(handle)
  local route = handle:metadata():get("error-pages")
  if route == nil then return end
  local sent = {}
  for name, value in pairs(handle:headers()) do
    sent[name] = sent[name] and (sent[name] .. ", " .. value) or value
  end
  handle:streamInfo():dynamicMetadata():set(NAME, "request", sent)
end

local function client(handle)
  local address = handle:streamInfo():downstreamRemoteAddress():gsub(":%d+$", "")
  return address
end

local function ask(handle, cluster, route, sent, path, more)
  local request = {}
  for name, value in pairs(sent) do
    if not name:find("^x%-envoy") and not name:find("^x%-forwarded") then request[name] = value end
  end
  request[":path"] = path
  request["content-length"], request["transfer-encoding"], request["upgrade"] = nil, nil, nil
  request["x-forwarded-for"] = client(handle)
  request["x-format"] = sent["accept"]
  request["x-namespace"], request["x-ingress-name"] = route["namespace"], route["ingress"]
  request["x-service-name"], request["x-service-port"] = route["service"], route["port"]
  for name, value in pairs(more) do request[name] = value end
  return handle:httpCall(cluster, request, "", { timeout_ms = 10000, send_xff = false })
end

local function replace(handle, security, headers, body)
  local gone = {}
  for name in pairs(handle:headers()) do
    local keeps = KEPT[name] or name:find("^x%-envoy") or (security and name == SECURITY)
    if not keeps then table.insert(gone, name) end
  end
  handle:body(true):setBytes(body or "")
  for _, name in ipairs(gone) do handle:headers():remove(name) end
  for name, value in pairs(headers) do
    if name ~= "content-length" and name ~= "transfer-encoding" and name ~= SECURITY
      and not KEPT[name] then
      for _, one in ipairs(type(value) == "table" and value or { value }) do
        handle:headers():add(name, one)
      end
    end
  end
  handle:headers():replace(":status", headers[":status"])
end

function envoy_on_response(handle)
  local route = handle:metadata():get("error-pages")
  local known = handle:streamInfo():dynamicMetadata():get(NAME)
  if route == nil or known == nil then return end
  local sent = known["request"]
  local status = handle:headers():get(":status")
  local own = handle:headers():get("x-envoy-upstream-service-time") == nil
  if route["fallback"] and own and status == "503" then
    local body = handle:body(true)
    if body:length() > 0 and body:getBytes(0, body:length()) == "no healthy upstream" then
      local scheme = sent[":scheme"]
      replace(handle, true, ask(handle, route["fallback"], route, sent, sent[":path"], {
        ["x-code"] = "503", ["x-real-ip"] = client(handle), ["x-scheme"] = scheme,
        ["x-forwarded-host"] = sent[":authority"], ["x-forwarded-proto"] = scheme,
        ["x-forwarded-scheme"] = scheme, ["x-forwarded-port"] = scheme == "https" and "443" or "80",
      }))
      return
    end
  end
  local listed = ("," .. route["codes"] .. ","):find("," .. status .. ",", 1, true)
  if not listed or (route["own-only"] and not own) then return end
  handle:body(true) -- has to be asked for before the call, and again after it
  if route["pages"] then
    local path = "/" .. (sent[":path"]:match("%?.*") or "")
    replace(handle, false, ask(handle, route["pages"], route, sent, path, {
      ["x-code"] = status, ["x-original-uri"] = sent[":path"],
    }))
  else
    replace(handle, false, { [":status"] = route["status"], ["content-type"] = "text/plain" }, "")
  end
end
