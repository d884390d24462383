--- Spawn signalbox from Neovim (0.7 or newer) and talk to it. See README.md.
local M = {}

local Box = {}
Box.__index = Box

--- Spawns signalbox and initializes it.
--- @param opts table|nil cmd: list, default { "signalbox", "serve" };
---   on_notification(method, params); on_exit(code)
--- @param on_ready function(err, box) box.server is what it said to initialize
function M.start(opts, on_ready)
  opts = opts or {}
  local cmd = opts.cmd or { vim.env.SIGNALBOX or "signalbox", "serve" }
  local box = setmetatable({ streams = {}, next_stream = 0 }, Box)
  local dispatchers = {
    notification = function(method, params)
      local stream = params and box.streams[params.streamId]
      if stream and method == "responses/event" then
        stream.on_event(params.event)
      elseif stream and method == "responses/started" and stream.on_started then
        stream.on_started(params)
      end
      if opts.on_notification then opts.on_notification(method, params) end
    end,
    on_exit = function(code)
      box.exit_code = code
      for _, stream in pairs(box.streams) do
        stream.finish({ code = -32603, message = "signalbox has ended with code " .. code, data = {} })
      end
      if opts.on_exit then opts.on_exit(code) end
    end,
  }
  if vim.fn.has("nvim-0.10") == 1 then
    box.rpc = vim.lsp.rpc.start(cmd, dispatchers)
  else
    box.rpc = vim.lsp.rpc.start(cmd[1], { unpack(cmd, 2) }, dispatchers)
  end
  if not box.rpc then return on_ready({ code = -32603, message = cmd[1] .. " could not be started" }) end
  local v = vim.version()
  local client = { name = "Neovim", version = ("%d.%d.%d"):format(v.major, v.minor, v.patch) }
  box:request("initialize", { processId = vim.fn.getpid(), clientInfo = client }, function(err, result)
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
  local done = false
  self.streams[id] = {
    on_event = handlers.on_event or function() end,
    on_started = handlers.on_started,
    finish = function(err, result)
      if done then return end
      done, self.streams[id] = true, nil
      if handlers.on_done then handlers.on_done(err, result) end
    end,
  }
  local finish = self.streams[id].finish
  body = vim.tbl_extend("force", body, { stream = true, _meta = vim.tbl_extend("force", body._meta or {}, { streamId = id }) })
  self:request("responses/create", body, finish)
  -- Not $/cancelRequest: Neovim never calls back on its error.
  return { id = id, cancel = function() self:request("responses/cancel", { streamId = id }) end }
end

--- shutdown and exit; on_exit tells when it has ended.
function Box:close()
  self:request("shutdown", nil, function() self.rpc.notify("exit", vim.empty_dict()) end)
end

return M
