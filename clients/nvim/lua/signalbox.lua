--- Spawn signalbox from Neovim (0.7 or newer) and talk to it. See README.md.
local pipe = require("signalbox.pipe")
local M = {}

local Box = {}
Box.__index = Box

--- Spawns signalbox and initializes it.
--- @param opts table|nil cmd: list, default { "signalbox", "serve" };
---   on_notification(method, params); on_exit(code); capabilities: further ones of the host
--- @param on_ready function(err, box) box.server is what it said to initialize
function M.start(opts, on_ready)
  opts = opts or {}
  local cmd = opts.cmd or { vim.env.SIGNALBOX_BIN or "signalbox", "serve" }
  local box = setmetatable({ streams = {}, next_stream = 0 }, Box)
  local why
  box.rpc, why = pipe.start(cmd, {
    notification = function(method, params)
      local stream = params and box.streams[params.streamId]
      if stream and method == "responses/event" and stream.on_event then
        stream.on_event(params.event)
      elseif stream and method == "responses/started" and stream.on_started then
        stream.on_started(params)
      end
      if opts.on_notification then opts.on_notification(method, params) end
    end,
    exit = function(code)
      box.exit_code = code
      if opts.on_exit then opts.on_exit(code) end
    end,
  })
  if not box.rpc then return on_ready({ code = -32603, message = cmd[1] .. " could not be started: " .. why, data = {} }) end
  local v = vim.version()
  local client = { name = "Neovim", version = ("%d.%d.%d"):format(v.major, v.minor, v.patch) }
  -- vim.json refuses half a surrogate pair.
  local capabilities = vim.tbl_deep_extend("force", { general = { wellFormedStrings = true } }, opts.capabilities or {})
  box:request("initialize", { processId = vim.fn.getpid(), clientInfo = client, capabilities = capabilities }, function(err, result)
    if err then return on_ready(err) end
    box.server = result
    box.rpc.notify("initialized", vim.empty_dict())
    on_ready(nil, box)
  end)
end

--- Calls any method. An empty params table must be vim.empty_dict() or nil.
function Box:request(method, params, callback)
  return self.rpc.request(method, params or vim.empty_dict(), callback or function() end)
end

--- Who the user is and which routes can be used.
function Box:status(callback) return self:request("auth/status", nil, callback) end

--- Streams a response.
--- @param body table of the Responses API, with an optional _meta
--- @param handlers table on_event(event), on_done(err, result), and on_started(params) or nil
--- @return table with a method cancel(); on_done then gets a result with the status "cancelled"
function Box:create(body, handlers)
  self.next_stream = self.next_stream + 1
  local id = body._meta and body._meta.streamId or ("nvim-" .. self.next_stream)
  self.streams[id] = handlers
  body = vim.tbl_extend("force", body, { stream = true, _meta = vim.tbl_extend("force", body._meta or {}, { streamId = id }) })
  self:request("responses/create", body, function(err, result)
    self.streams[id] = nil
    if handlers.on_done then handlers.on_done(err, result) end
  end)
  -- Not $/cancelRequest, which ends the request with an error.
  return { id = id, cancel = function() self:request("responses/cancel", { streamId = id }) end }
end

--- Ends the process: shutdown, exit, the end of stdin; on_exit is called when it has ended.
--- It may take 30 s while a refreshed login is saved; SIGKILL comes only after 37 s.
function Box:close()
  self:request("shutdown")
  self.rpc.notify("exit", vim.empty_dict())
  self.rpc.terminate()
end

return M
