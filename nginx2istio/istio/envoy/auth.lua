local KEY = "nginx2istio.auth"
local ROOM = 10000
local OMIT = {
  ["connection"] = true, ["content-length"] = true, ["keep-alive"] = true,
  ["proxy-connection"] = true, ["te"] = true, ["transfer-encoding"] = true,
  ["upgrade"] = true, ["x-forwarded-client-cert"] = true, ["x-forwarded-proto"] = true,
}
-- nginx's add_header without "always" adds to answers with these only.
local COOKIE_STATUS = {
  ["200"] = true, ["201"] = true, ["204"] = true, ["206"] = true, ["301"] = true, ["302"] = true,
  ["303"] = true, ["304"] = true, ["307"] = true, ["308"] = true,
}

local KEPT = {
  [":status"] = true, ["server"] = true, ["date"] = true, ["connection"] = true,
  ["strict-transport-security"] = true,
}

-- Answers that are remembered for a while, by their key; this worker's only.
local remembered, count = {}, 0

local function all(value)
  if value == nil then return {} end
  if type(value) == "table" then return value end
  return { value }
end

-- What set_escape_uri of nginx's set-misc module leaves alone is more than unreserved characters.
local function escaped(text)
  return (text:gsub("[^%w%-%._~!$'()*,@|`]", function(char)
    return string.format("%%%02X", char:byte())
  end))
end

-- The values of nginx's variables for a request.
local function variables(handle)
  local headers = handle:headers()
  local path = headers:get(":path") or "/"
  local query = path:match("%?(.*)$")
  local authority = headers:get(":authority") or ""
  local host = authority:gsub(":%d+$", ""):lower()
  local scheme = headers:get("x-forwarded-proto") or "http"
  local peer = handle:streamInfo():downstreamRemoteAddress() or ""
  peer = peer:gsub(":%d+$", ""):gsub("[%[%]]", "")
  local known = {
    http_host = authority, best_http_host = authority, host = host, server_name = host,
    scheme = scheme, pass_access_scheme = scheme, request_uri = path,
    escaped_request_uri = escaped(path), request_method = headers:get(":method"),
    remote_addr = peer, the_real_ip = peer, request_id = headers:get("x-request-id"),
    req_id = headers:get("x-request-id"), args = query, query_string = query,
    is_args = query and "?" or "", uri = path:match("^[^?]*"), document_uri = path:match("^[^?]*"),
  }
  local tls = handle:streamInfo():downstreamSslConnection()
  if tls and tls:peerCertificatePresented() then
    known.ssl_client_verify = tls:peerCertificateValidated() and "SUCCESS" or "FAILED"
    known.ssl_client_s_dn = tls:subjectPeerCertificate()
    known.ssl_client_i_dn = tls:issuerPeerCertificate()
    known.ssl_client_escaped_cert = tls:urlEncodedPemEncodedPeerCertificate()
  elseif tls then
    known.ssl_client_verify = "NONE"
  end
  return function(name)
    if known[name] then return known[name] end
    local header = name:match("^http_(.+)$")
    if header then return headers:get((header:gsub("_", "-"))) or "" end
    local cookie = name:match("^cookie_(.+)$")
    if cookie then
      for key, value in (headers:get("cookie") or ""):gmatch("([^=;%s]+)=([^;]*)") do
        if key:lower() == cookie:lower() then return value end
      end
    end
    local argument = name:match("^arg_(.+)$")
    if argument then
      for key, value in (query or ""):gmatch("([^=&]+)=?([^&]*)") do
        if key:lower() == argument:lower() then return value end
      end
    end
    return ""
  end
end

local function filled(text, value)
  return (text:gsub("%$({?)([%w_]+)(}?)", function(open, name, close)
    return value(name) .. (open == "" and close or "")
  end))
end

local function remember(handle, seconds, key, status, headers)
  for _, name in ipairs({ "set-cookie", "cache-control", "expires", "vary" }) do
    if headers[name] then return end -- nginx goes by these
  end
  if not seconds[status] then return end
  if not remembered[key] then count = count + 1 end
  if count > ROOM then remembered, count = {}, 1 end
  local till = handle:timestamp() + 1000 * seconds[status]
  remembered[key] = { headers = headers, status = status, till = till }
end

local function ask(handle, check)
  local value = variables(handle)
  local question = {}
  for name, text in pairs(handle:headers()) do
    if name:sub(1, 1) ~= ":" and name:sub(1, 8) ~= "x-envoy-" and not OMIT[name] then
      local before = question[name]
      if before == nil then
        question[name] = text
      elseif type(before) == "table" then
        table.insert(before, text)
      else
        question[name] = { before, text }
      end
    end
  end
  for name, text in pairs(check["headers"]) do
    local content = filled(text, value)
    question[name] = content ~= "" and content or nil
  end
  local signin = check["signin"] and filled(check["signin"], value)
  local cache = check["cache"]
  local key = cache and filled(cache["key"], value)
  if cache and value("uri") == cache["apart"] then key = "= " .. key end
  local known = key and remembered[key]
  if known and known.till > handle:timestamp() then
    return { headers = known.headers, status = known.status, signin = signin }
  end
  question[":method"] = check["method"]
  question[":authority"] = filled(check["host"], value)
  question[":path"] = filled(check["path"], value)
  local options = {
    ["timeout_ms"] = 60000, ["return_duplicate_headers"] = true, ["send_xff"] = false,
  }
  local answer = handle:httpCall(check["cluster"], question, nil, options)
  local status = all(answer[":status"])[1]
  if cache then remember(handle, cache["seconds"], key, status, answer) end
  return { headers = answer, status = status, signin = signin }
end

local function refuse(handle, check, answer)
  local status = answer.status
  local reply = { [":status"] = "500" }
  local cookies = answer.headers and answer.headers["set-cookie"]
  if status == "401" or status == "403" then
    reply[":status"] = status
    if check["always"] then reply["set-cookie"] = cookies end
  end
  if status == "401" then
    if not check["strict"] then
      reply["www-authenticate"] = answer.headers["www-authenticate"]
    end
    if answer.signin then
      reply[":status"] = "302"
      reply["location"] = answer.signin
      reply["set-cookie"] = cookies
      handle:streamInfo():dynamicMetadata():set(KEY, "bare", check["bare"] or {})
    end
  end
  handle:respond(reply, "")
end

function envoy_on_request(handle)
  local check = handle:metadata():get(KEY)
  if check == nil then return end
  local good, answer = pcall(ask, handle, check)
  if not good then
    handle:logWarn("the authentication service can't be asked: " .. tostring(answer))
    answer = {}
  end
  local status = answer.status or "500"
  if status ~= "200" and (check["strict"] or not status:match("^2%d%d$")) then
    refuse(handle, check, answer)
    return
  end
  for _, name in ipairs(check["identity"]) do
    handle:headers():remove(name)
    local values = all(answer.headers[name:lower()])
    if values[1] then handle:headers():add(name, table.concat(values, ", ")) end
  end
  if check["intercepts"] and answer.signin then
    handle:streamInfo():dynamicMetadata():set(KEY, "signin", answer.signin)
    handle:streamInfo():dynamicMetadata():set(KEY, "without", check["bare"] or {})
  end
  local cookies = answer.headers["set-cookie"]
  if cookies then
    handle:streamInfo():dynamicMetadata():set(KEY, "cookies", all(cookies))
    handle:streamInfo():dynamicMetadata():set(KEY, "always", check["always"] or false)
  end
end

-- With proxy_intercept_errors, error_page 401 holds for the backend's own 401, too.
local function sign_in(handle, kept)
  local gone = {}
  for name in pairs(handle:headers()) do
    if not KEPT[name] and not name:find("^x%-envoy") then table.insert(gone, name) end
  end
  handle:body(true):setBytes("")
  for _, name in ipairs(gone) do handle:headers():remove(name) end
  for _, name in ipairs(kept["without"] or {}) do handle:headers():remove(name) end
  handle:headers():replace(":status", "302")
  handle:headers():add("location", kept["signin"])
end

function envoy_on_response(handle)
  local kept = handle:streamInfo():dynamicMetadata():get(KEY)
  if kept == nil then return end
  if kept["signin"] and handle:headers():get(":status") == "401" then sign_in(handle, kept) end
  for _, name in ipairs(kept["bare"] or {}) do handle:headers():remove(name) end
  if kept["cookies"] == nil then return end
  if kept["always"] or COOKIE_STATUS[handle:headers():get(":status")] then
    for _, cookie in ipairs(kept["cookies"]) do
      handle:headers():add("set-cookie", cookie)
    end
  end
end
